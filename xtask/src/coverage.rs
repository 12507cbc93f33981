//! Every test that `docs/coverage.md` names must exist.

use crate::Result;
use std::collections::HashSet;
use std::fs;
use std::path::Path;

const PAGE: &str = "docs/coverage.md";

/// Checks the page against the sources.
pub(crate) fn run() -> Result<()> {
    let page = fs::read_to_string(PAGE).map_err(|error| format!("{PAGE}: {error}"))?;
    let mut functions = HashSet::new();
    collect(Path::new("."), &mut functions)?;
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.as_bytes().get(3) == Some(&b'-'));
    let (mut count, mut missing) = (0, Vec::new());
    for row in rows {
        count += 1;
        // A test is in backquotes: `crate module::test` or `module::test`.
        for test in row.split('`').skip(1).step_by(2) {
            let name = test.rsplit([' ', ':']).next().unwrap_or(test);
            if !functions.contains(name) {
                missing.push(format!("{PAGE}: there is no test `{test}`"));
            }
        }
    }
    if missing.is_empty() {
        println!("coverage: {count} requirements name tests that exist");
        Ok(())
    } else {
        Err(missing.join("\n"))
    }
}

fn collect(folder: &Path, functions: &mut HashSet<String>) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if name != "target" && !name.to_string_lossy().starts_with('.') {
                collect(&path, functions)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            functions.extend(text.split("fn ").skip(1).filter_map(name_of));
        }
    }
    Ok(())
}

fn name_of(after: &str) -> Option<String> {
    let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}
