//! A programme with its arguments, from one line: `"C:\Program Files\sample.exe" {TEL} {CALLED}`.

use super::error::{ExpandError, TemplateError};
use super::{Expanded, Names, Step, Target, Template, Undefined, Variables, Warning};

/// A programme and one template for each of its arguments. The line is split before any value is put in, so no value makes,
/// splits or joins arguments, and there is no shell.
///
/// Blanks separate, double quotes group, `\"` is a quote; every other backslash stands for itself, so that Windows paths
/// need no care. The programme is written out. What runs its arguments as a script (`sh -c`, `powershell -Command`, batch
/// files) takes no value there: nothing could make it safe.
///
/// ```
/// use cti_core::template::{CommandTemplate, Names, Variables};
/// let line = r#""C:\Program Files\sample.exe" {TEL} --name={TELNAME}"#;
/// let command = CommandTemplate::compile(line, &Names::default()).unwrap();
/// let mut variables = Variables::default();
/// variables.set("TEL", "+81 3-1234-5678");
/// variables.set("TELNAME", "\"; rm -rf /");
/// let arguments = command.expand(&variables).unwrap();
/// assert_eq!(command.program(), r"C:\Program Files\sample.exe");
/// assert_eq!(arguments[0].expose(), "+81 3-1234-5678");
/// assert_eq!(arguments[1].expose(), "--name=\"; rm -rf /");
/// ```
#[derive(Debug, Clone)]
pub struct CommandTemplate {
    program: String,
    arguments: Vec<Template>,
}

/// Interpreters, and what before an argument says that it is a script.
const SCRIPT_SWITCHES: [(&[&str], &[&str]); 4] = [
    (&["sh", "bash", "dash", "zsh", "ksh", "ash"], &["-c"]),
    (&["cmd"], &["/c", "/k", "/r"]),
    (&["powershell", "pwsh"], &["-command", "-c", "-encodedcommand", "-e"]),
    (&["python", "python3", "perl", "ruby", "node", "php"], &["-c", "-e", "-r"]),
];

impl CommandTemplate {
    /// Compiles a line.
    ///
    /// # Errors
    /// No programme, a value in its name, a quote that is never closed, a value in a script, and what
    /// [`Template::compile`] finds in an argument.
    pub fn compile(line: &str, names: &Names) -> Result<Self, TemplateError> {
        let mut slots = split(line)?.into_iter();
        let Some(program) = slots.next() else {
            return Err(TemplateError::new(line, 0, 0, "the programme is missing").help("write its full path"));
        };
        if let Some(at) = program.text.find(['{', '}']) {
            return Err(TemplateError::new(
                line,
                program.place(at),
                1,
                "no value can stand in the name of the programme",
            )
            .help("a caller could choose what runs"));
        }
        let mut command = Self { program: program.text, arguments: Vec::new() };
        let mut is_script = command.is_batch_file();
        for slot in slots {
            let argument = Template::compile_with(&slot.text, Target::Argv, names)
                .map_err(|error| error.moved(line, |at| slot.place(at)))?;
            if is_script && !argument.variables().is_empty() {
                return Err(TemplateError::new(line, slot.place(0), slot.length(), "no value can stand in a script")
                    .help("call the programme itself, or hand the values over by standard input or environment"));
            }
            is_script |= command.begins_script(&slot.text);
            command.arguments.push(argument);
        }
        Ok(command)
    }

    /// The programme.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// A template for each argument.
    pub fn arguments(&self) -> &[Template] {
        &self.arguments
    }

    /// Sets what becomes of variables without a value.
    #[must_use]
    pub fn undefined(mut self, undefined: Undefined) -> Self {
        self.arguments = self.arguments.into_iter().map(|argument| argument.undefined(undefined)).collect();
        self
    }

    /// What works and is still not wise, in all arguments (see [`Template::lint`]).
    pub fn lint(&self, step: Option<Step>) -> Vec<Warning> {
        self.arguments.iter().flat_map(|argument| argument.lint(step)).collect()
    }

    /// The arguments with their values.
    ///
    /// # Errors
    /// As [`Template::expand`].
    pub fn expand(&self, variables: &Variables) -> Result<Vec<Expanded>, ExpandError> {
        self.arguments.iter().map(|argument| argument.expand(variables)).collect()
    }

    /// The name of the programme without folder and `.exe`, in lower case.
    fn name(&self) -> String {
        let name = self.program.rsplit(['/', '\\']).next().unwrap_or_default().to_lowercase();
        name.strip_suffix(".exe").map_or(name.clone(), str::to_owned)
    }

    /// Windows runs batch files through its shell, which reads the arguments again; blanks and dots at the end do not
    /// count (CVE-2024-24576, CVE-2024-43402).
    fn is_batch_file(&self) -> bool {
        let name = self.name();
        let name = name.trim_end_matches([' ', '.']);
        name.ends_with(".bat") || name.ends_with(".cmd")
    }

    fn begins_script(&self, argument: &str) -> bool {
        let (name, argument) = (self.name(), argument.to_lowercase());
        SCRIPT_SWITCHES.iter().any(|(programs, switches)| programs.contains(&&*name) && switches.contains(&&*argument))
    }
}

/// A piece of the line, and where each of its bytes stood there.
#[derive(Default)]
struct Slot {
    text: String,
    places: Vec<usize>,
}

impl Slot {
    fn push(&mut self, c: char, at: usize) {
        self.text.push(c);
        self.places.extend((0..c.len_utf8()).map(|offset| at + offset));
    }

    /// Where in the line the byte of the slot stands.
    fn place(&self, at: usize) -> usize {
        let past_end = || self.places.last().map_or(0, |last| last + 1);
        self.places.get(at).copied().unwrap_or_else(past_end)
    }

    fn length(&self) -> usize {
        self.place(self.text.len()) - self.place(0)
    }
}

fn split(line: &str) -> Result<Vec<Slot>, TemplateError> {
    let (mut slots, mut slot, mut quote) = (Vec::new(), None::<Slot>, None);
    let mut characters = line.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' if characters.next_if(|&(_, next)| next == '"').is_some() => {
                slot.get_or_insert_default().push('"', at);
            }
            '"' if quote.is_some() => quote = None,
            '"' => {
                quote = Some(at);
                slot.get_or_insert_default();
            }
            c if c.is_whitespace() && quote.is_none() => slots.extend(slot.take()),
            c => slot.get_or_insert_default().push(c, at),
        }
    }
    match quote {
        Some(at) => {
            Err(TemplateError::new(line, at, 1, "this quote is never closed").help("write \\\" for a quote itself"))
        }
        None => {
            slots.extend(slot);
            Ok(slots)
        }
    }
}
