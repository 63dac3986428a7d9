//! Finding the program that executes Prefect flows.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// How `prefect` is called.
#[derive(Debug, Clone, Default)]
pub enum PrefectCommand {
    /// `prefect`, as found on `PATH`.
    #[default]
    OnPath,
    /// This program instead of `prefect`.
    Program(PathBuf),
    /// `-m prefect` of this Python interpreter, as Prefect's own agent does.
    Python(PathBuf),
}

/// A program with an absolute path, so that neither a run's working directory nor its `PATH` changes what is started.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) arguments: &'static [&'static str],
}

impl PrefectCommand {
    /// Looks the program up.
    ///
    /// # Errors
    /// What is missing and what to do about it.
    pub(super) fn find(&self) -> Result<Program, String> {
        const HELP: &str = "Install it with: pip install \"prefect==1.4.1\" \"marshmallow<4\" \
             or say where it is with --prefect-command /path/to/prefect or --python /path/to/python";
        match self {
            Self::OnPath => match look_up(Path::new("prefect")) {
                Some(path) => Ok(Program { path, arguments: &[] }),
                None => Err(format!("the program `prefect` was not found on PATH. {HELP}")),
            },
            Self::Program(name) => match look_up(name) {
                Some(path) => Ok(Program { path, arguments: &[] }),
                None => Err(format!("`{}` is not a program that can be run. {HELP}", name.display())),
            },
            Self::Python(name) => match look_up(name) {
                Some(path) => Ok(Program { path, arguments: &["-m", "prefect"] }),
                None => {
                    Err(format!("`{}` is not a Python interpreter that can be run. {HELP}", name.display()))
                }
            },
        }
    }
}

/// A name without a slash is looked for on `PATH`, anything else from here. Links are kept: a virtual environment's
/// interpreter knows by its own path which packages are its own.
fn look_up(name: &Path) -> Option<PathBuf> {
    if name.components().count() > 1 || name.is_absolute() {
        return std::path::absolute(name).ok().filter(|path| is_program(path));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter_map(|directory| std::path::absolute(directory.join(name)).ok())
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_by_name_and_by_path() {
        let shell = PrefectCommand::Program("sh".into()).find().unwrap();
        assert!(shell.path.is_absolute() && shell.arguments.is_empty());
        let python = PrefectCommand::Python("/bin/sh".into()).find().unwrap();
        assert_eq!(python.arguments, ["-m", "prefect"]);
    }

    #[test]
    fn a_missing_program_says_what_to_do() {
        let not_executable = tempfile::NamedTempFile::new().unwrap();
        let error = PrefectCommand::Program(not_executable.path().into()).find().unwrap_err();
        assert!(error.contains("is not a program") && error.contains("pip install"), "{error}");
        assert!(PrefectCommand::Python("no-such-python".into()).find().is_err());
    }
}
