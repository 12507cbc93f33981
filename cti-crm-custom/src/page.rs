//! Pages for the agent's browser.

use cti_core::crm::Page;
use cti_core::template::{Template, Variables};
use cti_core::{Error, ErrorKind, Result};
use url::{Url, form_urlencoded};

/// A page, to be filled in.
#[derive(Debug, Clone)]
pub(crate) struct PageTemplate {
    pub(crate) url: Template,
    /// The fields of a form; `None` is a GET.
    pub(crate) form: Option<Template>,
}

impl PageTemplate {
    pub(crate) fn fill(&self, variables: &Variables) -> Result<Page> {
        let url = url(&self.url, variables)?;
        let Some(form) = &self.form else { return Ok(Page::Get { url }) };
        let form = form.expand(variables)?;
        let fields = form_urlencoded::parse(form.expose().as_bytes()).into_owned().collect();
        Ok(Page::Post { url, fields })
    }
}

/// An address, filled in.
pub(crate) fn url(template: &Template, variables: &Variables) -> Result<Url> {
    let text = template.expand(variables)?;
    let wrong = |_| Error::new(ErrorKind::Rejected, "the template makes no address of these values");
    Url::parse(text.expose()).map_err(wrong)
}
