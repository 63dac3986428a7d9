//! The process between the agent and a flow run: it outlives the agent, sees how the flow run's process ended, and
//! leaves nothing behind. It is this very program, called with [`COMMAND`].
//!
//! It leads a session of its own, so that no terminal reaches it, and is the one to whom orphans below it are handed
//! (a "child subreaper"): whatever a flow starts, in whatever session, is ended with it. Before it begins it waits for
//! the agent's word, which comes when the agent has written down where to find it; without, it ends and has done nothing.

use std::{
    ffi::{OsStr, OsString},
    io::{self, BufRead, Write},
    os::{fd::AsFd, unix::process::CommandExt},
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        signal::{SigSet, Signal, kill, killpg},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{Pid, setsid},
};

use super::trace::{Ended, Identity, Traces, children_of};
use crate::journal::replace_file;

/// The first argument by which the program knows that it is called for this.
pub(super) const COMMAND: &str = "supervise-flow-run";
/// The agent's word.
pub(super) const GO: &str = "go";
/// What is said when the work has begun, followed by its identity; anything else is why it has not.
pub(super) const BEGUN: &str = "begun ";

/// How long what a flow run left behind may take to vanish.
const GONE_WITHIN: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Does the supervisor's work and yields its exit code, when the program was called for it. To be called first thing in
/// `main`, before there are threads.
pub fn main_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() != Some(OsStr::new(COMMAND)) {
        return None;
    }
    Some(match supervise(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The agent reads it as the reason why nothing began.
            println!("{error}");
            ExitCode::FAILURE
        }
    })
}

/// The arguments after [`COMMAND`] for work that leaves these traces.
pub(super) fn arguments(traces: &Traces) -> [OsString; 2] {
    [COMMAND.into(), traces.base().into()]
}

fn supervise(mut arguments: impl Iterator<Item = OsString>) -> io::Result<()> {
    let (Some(base), Some(program)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("this command is for the agent's own use"));
    };
    let traces = Traces::at(PathBuf::from(base));
    // A group's leader cannot begin a session; the agent does not make us one.
    setsid()?;
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_child_subreaper(true)?;
    // Not ignored but kept waiting: what is ignored would be ignored by the flow run, too.
    SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT]).thread_block()?;
    let mut word = String::new();
    io::stdin().lock().read_line(&mut word)?;
    if word.trim_end() != GO {
        return Ok(());
    }
    // What the flow run prints goes where our own standard error goes: a file of the agent.
    let output = io::stderr().as_fd().try_clone_to_owned()?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(output).process_group(0);
    let child = command.spawn()?;
    let leader = Pid::from_raw(i32::try_from(child.id()).expect("process ids are positive and fit pid_t"));
    let identity = Identity::of(child.id());
    replace_file(&traces.begun(), serde_json::to_string(&identity)?.as_bytes())?;
    // The agent may be gone by now; the work goes on.
    let _ = writeln!(io::stdout(), "{BEGUN}{}", serde_json::to_string(&identity)?);
    let ended = reap_until(leader)?;
    leave_nothing(leader);
    replace_file(&traces.ended(), serde_json::to_string(&ended)?.as_bytes())
}

/// Collects whatever ends below us until it is the leader.
fn reap_until(leader: Pid) -> io::Result<Ended> {
    loop {
        match waitpid(None::<Pid>, None) {
            Ok(WaitStatus::Exited(pid, code)) if pid == leader => return Ok(Ended::Code(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == leader => {
                return Ok(Ended::Signal(signal as i32));
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Ends what the leader left behind: above all Prefect's heartbeat process, which would go on telling the server that
/// the run lives; and whatever went into a session of its own.
fn leave_nothing(leader: Pid) {
    let deadline = Instant::now() + GONE_WITHIN;
    loop {
        let _ = killpg(leader, Signal::SIGKILL);
        for child in children_of(std::process::id()) {
            let _ = kill(Pid::from_raw(child), Signal::SIGKILL);
        }
        // Children of those who were killed are ours now; when there is none left to wait for, all is gone.
        loop {
            match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
                Err(Errno::ECHILD) => return,
                Ok(WaitStatus::StillAlive) | Err(_) => break,
                Ok(_) => {}
            }
        }
        if Instant::now() >= deadline {
            return;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
