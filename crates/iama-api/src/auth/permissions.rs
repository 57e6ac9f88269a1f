//! What administrators of each role may do: one table.

use iama_store::admins::AdminRole;

use AdminRole::{Engineer, SuperAdmin, Support};

macro_rules! permissions {
    ($($(#[$meta:meta])* $variant:ident = [$($role:ident),+];)+) => {
        /// What an administrator may be allowed to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Permission {
            $($(#[$meta])* $variant,)+
        }

        impl Permission {
            /// Every member, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The roles that have it.
            pub const fn roles(self) -> &'static [AdminRole] {
                match self { $(Self::$variant => &[$($role),+]),+ }
            }
        }
    };
}

permissions! {
    /// Make, change and look at the accounts of administrators.
    Accounts = [SuperAdmin];
    /// See the settings and what they were.
    ReadConfig = [SuperAdmin, Engineer];
    /// Change settings.
    WriteConfig = [SuperAdmin, Engineer];
    /// Say where a key lies.
    ReferToKeys = [SuperAdmin];
    /// Stop everything.
    StopAll = [SuperAdmin, Engineer];
    /// Stop one person.
    StopPerson = [SuperAdmin, Engineer, Support];
    /// Give quota to a person, or take it.
    AdjustQuota = [SuperAdmin, Support];
    /// See how the platform is doing.
    SeeHealth = [SuperAdmin, Engineer, Support];
}

impl Permission {
    /// Whether a role has it.
    pub fn is_of(self, role: AdminRole) -> bool {
        self.roles().contains(&role)
    }
}
