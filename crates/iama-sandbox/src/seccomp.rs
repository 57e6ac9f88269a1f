//! System calls that no test needs and that lead out of a sandbox.

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Is, SeccompCondition as Condition,
    SeccompFilter, SeccompRule as Rule,
};

/// Why a filter could not be made or applied.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Calls refused on every level: they look into or change other processes, the kernel, or the view of the files. `io_uring`
/// carries out calls that a filter never sees.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pivot_root,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setns,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
];

/// Families of sockets that stay inside network namespaces.
const INSIDE: &[i32] = &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

/// What a socket may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sockets {
    /// Nothing: only connected pairs can be made.
    None,
    /// What its network namespace holds.
    OwnNamespace,
}

/// The filters, to be applied one after the other.
pub(crate) fn programs(sockets: Sockets) -> Result<Vec<BpfProgram>, Failure> {
    let mut calls: Vec<(i64, Vec<Rule>)> = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let every_namespace = u64::try_from(
        libc::CLONE_NEWUSER
            | libc::CLONE_NEWNS
            | libc::CLONE_NEWNET
            | libc::CLONE_NEWPID
            | libc::CLONE_NEWIPC
            | libc::CLONE_NEWUTS
            | libc::CLONE_NEWCGROUP,
    )?;
    for bit in (0..u64::BITS).map(|shift| 1 << shift).filter(|bit| every_namespace & bit != 0) {
        add(&mut calls, libc::SYS_clone, &[(0, Is::MaskedEq(bit), bit)])?;
    }
    match sockets {
        Sockets::None => {
            calls.extend([libc::SYS_socket, libc::SYS_connect, libc::SYS_bind].map(|call| (call, Vec::new())));
            // A datagram pair can still send to a name.
            let datagram = u64::try_from(libc::SOCK_DGRAM)?;
            add(&mut calls, libc::SYS_socketpair, &[(1, Is::MaskedEq(0xf), datagram)])?;
        }
        Sockets::OwnNamespace => {
            let foreign: Vec<_> = INSIDE.iter().map(|family| u64::try_from(*family).map(|f| (0, Is::Ne, f))).collect();
            let foreign = foreign.into_iter().collect::<Result<Vec<_>, _>>()?;
            add(&mut calls, libc::SYS_socket, &foreign)?;
        }
    }
    // Its flags lie in memory, where a filter cannot look. Libraries take the older call when it is missing.
    let newer = vec![(libc::SYS_clone3, Vec::new())];
    Ok(vec![program(calls, libc::EPERM)?, program(newer, libc::ENOSYS)?])
}

fn add(calls: &mut Vec<(i64, Vec<Rule>)>, call: libc::c_long, conditions: &[(u8, Is, u64)]) -> Result<(), Failure> {
    let conditions: Result<Vec<_>, _> =
        conditions.iter().map(|(index, is, value)| Condition::new(*index, Length::Dword, is.clone(), *value)).collect();
    let rule = Rule::new(conditions?)?;
    match calls.iter_mut().find(|(known, _)| *known == call) {
        Some((_, rules)) => rules.push(rule),
        None => calls.push((call, vec![rule])),
    }
    Ok(())
}

fn program(calls: Vec<(i64, Vec<Rule>)>, errno: i32) -> Result<BpfProgram, Failure> {
    let refuse = SeccompAction::Errno(u32::try_from(errno)?);
    let calls =
        calls.into_iter().flat_map(|(call, rules)| spellings(call).into_iter().map(move |c| (c, rules.clone())));
    let filter = SeccompFilter::new(calls.collect(), SeccompAction::Allow, refuse, std::env::consts::ARCH.try_into()?)?;
    Ok(filter.try_into()?)
}

/// On x86-64 the same calls can be made under a second set of numbers.
fn spellings(call: i64) -> Vec<i64> {
    if cfg!(target_arch = "x86_64") { vec![call, call | 0x4000_0000] } else { vec![call] }
}

/// A program in the form in which the kernel takes it.
pub(crate) fn bytes(program: &BpfProgram) -> Vec<u8> {
    program
        .iter()
        .flat_map(|step| {
            let code = step.code.to_ne_bytes();
            code.into_iter().chain([step.jt, step.jf]).chain(step.k.to_ne_bytes())
        })
        .collect()
}
