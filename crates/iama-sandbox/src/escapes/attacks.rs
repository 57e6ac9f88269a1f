//! The list of attacks.

use super::world::{SECRET, World};
use super::{Held, LIMITS};
use crate::level::Level;
use crate::run::{Ended, Outcome};

/// How far beyond its limit a run may get before it is ended.
const OVERRUN: u64 = 1 << 30;

/// One way out.
pub struct Attack {
    /// What it tries.
    pub name: &'static str,
    /// Python, run inside.
    pub(super) script: &'static str,
    /// The look from outside.
    pub(super) look: fn(&World, &Outcome) -> Held,
    /// What limits alone, landlock, bubblewrap and Docker do about it.
    held: [Held; 4],
    /// What has to be said where it is not closed.
    pub(super) remark: &'static str,
}

impl Attack {
    /// What a level must do about it.
    pub const fn expected(&self, level: Level) -> Held {
        let [limits, landlock, bubblewrap, docker] = self.held;
        match level {
            Level::LimitsOnly => limits,
            Level::LandlockSeccomp => landlock,
            Level::Bubblewrap => bubblewrap,
            Level::Docker => docker,
        }
    }
}

const CLOSED: [Held; 4] = [Held::Closed; 4];
const LIMITED: [Held; 4] = [Held::Limited; 4];
const OPEN_WITHOUT_ISOLATION: [Held; 4] = [Held::Open, Held::Closed, Held::Closed, Held::Closed];

/// Every attack.
pub const ATTACKS: &[Attack] = &[
    Attack {
        name: "write, truncate or delete files outside",
        script: r#"
import os
out = os.environ["OUTSIDE"]
for act in (lambda: open(out + "/new", "w").write("x"), lambda: os.truncate(out + "/file", 0),
            lambda: os.rename(out + "/file", out + "/moved"), lambda: os.unlink(out + "/file")):
    try:
        act()
    except OSError as error:
        print(error)
"#,
        look: |world, _| closed_if(world.is_untouched()),
        held: OPEN_WITHOUT_ISOLATION,
        remark: "",
    },
    Attack {
        name: "change the mode of a file outside",
        script: r#"import os; os.chmod(os.environ["OUTSIDE"] + "/file", 0o600)"#,
        look: |world, _| closed_if(world.mode() == 0o644),
        held: [Held::Open, Held::Open, Held::Closed, Held::Closed],
        remark: "landlock has no rule for modes, owners and times; content stays closed",
    },
    Attack {
        name: "read the home folder",
        script: r#"import os; open("loot", "w").write(open(os.environ["SECRET_HOME"]).read())"#,
        look: keeps_secret,
        held: OPEN_WITHOUT_ISOLATION,
        remark: "",
    },
    Attack {
        name: "read the folder of another job",
        script: r#"import os; open("loot", "w").write(open(os.environ["SECRET_JOB"]).read())"#,
        look: keeps_secret,
        held: OPEN_WITHOUT_ISOLATION,
        remark: "",
    },
    Attack {
        name: "read the environment of another process",
        script: r#"import os; open("loot", "w").write(open("/proc/" + os.environ["VICTIM"] + "/environ").read())"#,
        look: keeps_secret,
        held: OPEN_WITHOUT_ISOLATION,
        remark: "",
    },
    Attack {
        name: "TCP",
        script: r#"import os, socket; socket.create_connection(("127.0.0.1", int(os.environ["TCP"])), 2)"#,
        look: reaches_nobody,
        held: OPEN_WITHOUT_ISOLATION,
        remark: "",
    },
    Attack {
        name: "UDP",
        script: r#"
import os, socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", int(os.environ["UDP"])))
"#,
        look: reaches_nobody,
        held: OPEN_WITHOUT_ISOLATION,
        remark: "",
    },
    Attack {
        name: "docker.sock and other Unix sockets by path",
        script: r#"
import os, socket
socket.socket(socket.AF_UNIX).connect(os.environ["SOCKET"])
"#,
        look: reaches_nobody,
        held: OPEN_WITHOUT_ISOLATION,
        remark: "",
    },
    Attack {
        name: "abstract Unix sockets",
        script: r#"
import os, socket
socket.socket(socket.AF_UNIX).connect("\0" + os.environ["ABSTRACT"])
"#,
        look: reaches_nobody,
        held: OPEN_WITHOUT_ISOLATION,
        remark: "",
    },
    Attack {
        name: "signals to the parent and to others",
        script: r#"
import os, signal, time
for pid in (int(os.environ["VICTIM"]), os.getppid()):
    try:
        if pid > 1:
            os.kill(pid, signal.SIGKILL)
    except OSError as error:
        print(error)
time.sleep(0.2)
raise SystemExit(7)
"#,
        look: |world, outcome| closed_if(world.victim_lives() && outcome.ended == Ended::Exited(7)),
        held: OPEN_WITHOUT_ISOLATION,
        remark: "landlock closes this from Linux 6.12 on; before, the command can kill its supervisor",
    },
    Attack {
        name: "a user namespace, to be root in it",
        script: r#"
import ctypes
if ctypes.CDLL(None, use_errno=True).unshare(0x10000000) == 0:
    open("loot", "w").write("root")
"#,
        look: |world, _| closed_if(world.loot().is_empty()),
        held: OPEN_WITHOUT_ISOLATION,
        remark: "",
    },
    Attack {
        name: "fork bomb",
        script: r#"
import os, time
for generation in range(11):
    try:
        os.fork()
    except OSError:
        break
time.sleep(20)
open("loot", "a").write("x")
"#,
        look: |world, outcome| {
            let ended = outcome.ended == Ended::Killed && says(outcome, "processes");
            let refused = world.loot().len() as u64 <= LIMITS.processes;
            limited_if((ended || refused) && !world.left_something())
        },
        held: LIMITED,
        remark: "natively the supervisor counts and ends the run; in Docker the kernel refuses more",
    },
    Attack {
        name: "memory bomb",
        script: r#"
hold = []
for step in range(64):
    hold.append(b"x" * (32 << 20))
open("loot", "w").write("2 GB")
"#,
        look: |world, outcome| {
            limited_if(world.loot().is_empty() && !outcome.ended.eq(&Ended::Exited(0)) && !world.left_something())
        },
        held: LIMITED,
        remark: "natively the supervisor measures and ends the run; in Docker the kernel does",
    },
    Attack {
        name: "filling the disk",
        script: r#"
import os
for step in range(64):
    with open("fill%d" % step, "wb") as file:
        file.write(b"x" * (64 << 20))
        os.fsync(file.fileno())
open("loot", "w").write("4 GB")
"#,
        look: |world, outcome| {
            let bounded = world.filled() < LIMITS.disk_bytes + OVERRUN;
            limited_if(bounded && world.loot().is_empty() && says(outcome, "folders"))
        },
        held: LIMITED,
        remark: "folders are measured a few times a second; a deleted file that is held open counts only as free space",
    },
    Attack {
        name: "a daemon left behind",
        script: r#"
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            open("beat", "w").write(str(time.time()))
            time.sleep(0.02)
    os._exit(0)
time.sleep(0.3)
"#,
        look: |world, _| closed_if(world.job.join("beat").exists() && !world.left_something()),
        held: CLOSED,
        remark: "",
    },
    Attack {
        name: "output flood",
        script: r#"
import sys
for step in range(4096):
    sys.stdout.write("x" * 65536)
print("\nthe end")
"#,
        look: |world, outcome| {
            let kept = std::fs::metadata(world.scratch.join("output")).map_or(u64::MAX, |data| data.len());
            limited_if(kept < LIMITS.output_bytes + (1 << 17) && outcome.output.ends_with("the end\n"))
        },
        held: LIMITED,
        remark: "the middle is left out, and the output says so",
    },
    Attack {
        name: "terminal escapes in output",
        script: r#"print("\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b5n\u202e")"#,
        look: |_, outcome| {
            let obeyed = |c: char| c.is_control() && c != '\n' && c != '\t' || c == '\u{202e}';
            closed_if(outcome.output.contains("red") && !outcome.output.contains(obeyed))
        },
        held: CLOSED,
        remark: "",
    },
];

fn closed_if(held: bool) -> Held {
    if held { Held::Closed } else { Held::Open }
}

fn limited_if(held: bool) -> Held {
    if held { Held::Limited } else { Held::Open }
}

fn keeps_secret(world: &World, _: &Outcome) -> Held {
    closed_if(!world.loot().contains(SECRET))
}

fn reaches_nobody(world: &World, _: &Outcome) -> Held {
    closed_if(!world.was_reached())
}

fn says(outcome: &Outcome, word: &str) -> bool {
    outcome.reason.as_ref().is_some_and(|reason| reason.contains(word))
}
