//! A compiled template beside template engines, on the string of the survey: a search address with three ready values.
//!
//! The floor writes the values unescaped into a kept String; so do the engines. Ours escapes each value for its place.

use cti_bench::timing::{self, Contender};
use cti_core::template::{Expanded, Names, Target, Template, Variables};
use serde::Serialize;
use std::fmt::Write;

const TEL: &str = "0312345678";
const NAME: &str = "Tanaka";
const MD5: &str = "855791C6BC8D7FE0F17FA288F812E821";
/// What a name looks like that must be escaped.
const HARD_NAME: &str = "田中 & 山田";

#[derive(Serialize)]
#[allow(non_snake_case)]
struct Values {
    TEL: &'static str,
    NAME: &'static str,
    MD5: &'static str,
}

fn variables(name: &str) -> Variables {
    let mut variables = Variables::default();
    variables.set("TEL", TEL);
    variables.set("NAME", name);
    variables.set("HASH", MD5);
    variables
}

fn main() {
    let expected = format!("https://crm.example/search?tel={TEL}&name={NAME}&h={MD5}");
    let values = Values { TEL, NAME, MD5 };
    let (single, double) = (
        "https://crm.example/search?tel={TEL}&name={NAME}&h={MD5}",
        "https://crm.example/search?tel={{TEL}}&name={{NAME}}&h={{MD5}}",
    );

    let names = Names::default().with("HASH").unwrap();
    let text = "https://crm.example/search?tel={TEL}&name={NAME}&h={HASH}";
    let ours = Template::compile_with(text, Target::Url, &names).unwrap();
    let (plain, hard) = (variables(NAME), variables(HARD_NAME));
    assert_eq!(ours.expand(&plain).unwrap().expose(), expected);

    let mut tiny = tinytemplate::TinyTemplate::new();
    tiny.set_default_formatter(&tinytemplate::format_unescaped);
    tiny.add_template("t", single).unwrap();
    assert_eq!(tiny.render("t", &values).unwrap(), expected);
    let upon_engine = upon::Engine::new();
    let upon_template = upon_engine.compile(double).unwrap();
    assert_eq!(upon_template.render(&upon_engine, &values).to_string().unwrap(), expected);
    let mut mini = minijinja::Environment::new();
    mini.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    mini.add_template("t", double).unwrap();
    let mini_template = mini.get_template("t").unwrap();
    assert_eq!(mini_template.render(minijinja::context! { TEL, NAME, MD5 }).unwrap(), expected);
    let mut bars = handlebars::Handlebars::new();
    bars.register_escape_fn(handlebars::no_escape);
    bars.register_template_string("t", double).unwrap();
    assert_eq!(bars.render("t", &values).unwrap(), expected);

    let (mut line, mut kept, mut kept_hard) = (String::new(), Expanded::default(), Expanded::default());
    let mut contenders = [
        Contender::new("floor: `write!` into a kept String", || {
            let (tel, name, md5) = std::hint::black_box((TEL, NAME, MD5));
            line.clear();
            write!(line, "https://crm.example/search?tel={tel}&name={name}&h={md5}").unwrap();
            line.len()
        }),
        Contender::new("ours, compiled, into a kept buffer", || {
            ours.expand_into(&plain, &mut kept).unwrap();
            kept.expose().len()
        }),
        Contender::new("ours, compiled, into a new String", || ours.expand(&plain).unwrap()),
        Contender::new("ours, compiled, kept buffer, a Japanese name with `&`", || {
            ours.expand_into(&hard, &mut kept_hard).unwrap();
            kept_hard.expose().len()
        }),
        Contender::new("tinytemplate, compiled", || tiny.render("t", &values).unwrap()),
        Contender::new("upon, compiled", || upon_template.render(&upon_engine, &values).to_string().unwrap()),
        Contender::new("minijinja, compiled", || mini_template.render(minijinja::context! { TEL, NAME, MD5 }).unwrap()),
        Contender::new("handlebars, compiled", || bars.render("t", &values).unwrap()),
        Contender::new("ours, compile and expand", || {
            Template::compile_with(text, Target::Url, &names).unwrap().expand(&plain).unwrap()
        }),
    ];
    timing::run(&mut contenders);
    timing::print(&contenders);
    let engines = contenders[4..8].iter().map(Contender::nanoseconds).fold(f64::INFINITY, f64::min);
    println!(
        "\nours takes {:.2} times the floor (goal: 2 at most); the fastest engine takes {:.1} times ours (goal: 5 at least)",
        contenders[1].nanoseconds() / contenders[0].nanoseconds(),
        engines / contenders[1].nanoseconds()
    );
}
