//! The image that containers start from when none is named: folders and links, and not one file. Programs, libraries and
//! interpreters are those of this machine, mounted to be read, so that a test finds in a container what it finds outside.

use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// Folders that every image has, with their modes.
const FOLDERS: &[(&str, u32)] = &[
    ("dev", 0o755),
    ("etc", 0o755),
    ("proc", 0o755),
    ("run", 0o755),
    // Never a link: the engine puts its init process here.
    ("sbin", 0o755),
    ("sys", 0o755),
    ("tmp", 0o1777),
    ("usr", 0o755),
    ("var", 0o755),
    ("var/tmp", 0o1777),
];

/// Folders that are links on some systems.
const EITHER: &[&str] = &["bin", "lib", "lib32", "lib64", "libx32"];

const REPOSITORY: &str = "iama-base";

/// An image to be imported.
pub(super) struct Image {
    /// The part of its name before the colon.
    pub(super) repository: &'static str,
    /// Follows from the content.
    pub(super) tag: String,
    /// The content.
    pub(super) tar: Vec<u8>,
}

impl Image {
    /// The image for this machine.
    pub(super) fn of_this_machine() -> Self {
        let links = EITHER.iter().filter_map(|name| {
            let target = fs::read_link(Path::new("/").join(name)).ok()?;
            Some(entry(name, 0o777, Some(target.to_str()?)))
        });
        let plain = EITHER
            .iter()
            .filter(|name| fs::symlink_metadata(Path::new("/").join(name)).is_ok_and(|data| data.is_dir()));
        let folders = FOLDERS.iter().copied().chain(plain.map(|name| (*name, 0o755)));
        let mut tar: Vec<u8> = folders.flat_map(|(name, mode)| entry(name, mode, None)).collect();
        tar.extend(links.flatten());
        tar.extend([0; 1024]);
        let tag = hex::encode(Sha256::digest(&tar)).chars().take(16).collect();
        Self { repository: REPOSITORY, tag, tar }
    }

    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }

    /// Whether a path is a link in the image, so that nothing can be mounted there.
    pub(super) fn has_link(path: &Path) -> bool {
        let top = path.strip_prefix("/").ok().and_then(Path::to_str);
        top.is_some_and(|top| EITHER.contains(&top)) && path.is_symlink()
    }
}

/// A header in the form that POSIX gave to archives: a folder, or a link.
fn entry(name: &str, mode: u32, link: Option<&str>) -> Vec<u8> {
    let mut header = vec![0; 512];
    let mut put = |at: usize, bytes: &[u8]| {
        header.iter_mut().skip(at).zip(bytes).for_each(|(to, from)| *to = *from);
    };
    put(0, name.as_bytes());
    put(100, format!("{mode:07o}\0").as_bytes());
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, b"00000000000\0");
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, if link.is_some() { b"2" } else { b"5" });
    put(157, link.unwrap_or_default().as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    let sum = format!("{sum:06o}\0 ");
    header.iter_mut().skip(148).zip(sum.bytes()).for_each(|(to, from)| *to = from);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_machine_gives_the_same_image() {
        let (one, two) = (Image::of_this_machine(), Image::of_this_machine());
        assert_eq!((one.name(), one.tar.len() % 512), (two.name(), 0));
    }

    #[test]
    fn a_header_says_what_tar_expects() {
        let header = entry("lib", 0o777, Some("usr/lib"));
        let text = |at: usize, length: usize| String::from_utf8_lossy(&header[at..at + length]).into_owned();
        assert_eq!((text(0, 4), text(100, 8), text(156, 9)), ("lib\0".into(), "0000777\0".into(), "2usr/lib\0".into()));
        let zeroed: u32 =
            header.iter().enumerate().filter(|(at, _)| !(148..156).contains(at)).map(|(_, b)| u32::from(*b)).sum();
        assert_eq!(text(148, 6), format!("{:06o}", zeroed + 8 * 32));
    }
}
