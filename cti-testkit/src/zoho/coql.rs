//! COQL as far as connectors use it: read, and refused where it is not as documented.
//!
//! Public, so that a connector's tests can read back the queries that it writes.

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The columns, in order.
    pub columns: Vec<String>,
    /// The module.
    pub module: String,
    /// Which records.
    pub condition: Condition,
    /// Columns to sort by, and whether downwards.
    pub order: Vec<(String, bool)>,
    /// How many at most.
    pub limit: usize,
    /// How many to leave out first.
    pub offset: usize,
}

/// Which records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A column compared with values.
    Compare {
        /// The column.
        column: String,
        /// How.
        operator: Operator,
        /// With what; none for `is null`, several for `in`.
        values: Vec<String>,
    },
    /// Both.
    And(Box<Condition>, Box<Condition>),
    /// One of them.
    Or(Box<Condition>, Box<Condition>),
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the language")]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    NotLike,
    In,
    NotIn,
    IsNull,
    IsNotNull,
}

/// What is wrong with a query: Zoho's code, and near what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// `SYNTAX_ERROR`, `INVALID_QUERY`, `LIMIT_EXCEEDED`.
    pub code: &'static str,
    /// The word at which it is wrong.
    pub near: String,
}

const MOST_COLUMNS: usize = 50;
const MOST_CONDITIONS: usize = 25;
const MOST_VALUES: usize = 50;
const MOST_ROWS: usize = 2000;

#[derive(Debug, Clone, PartialEq)]
enum Word {
    Name(String),
    Text(String),
    Sign(&'static str),
}

impl Word {
    fn shown(&self) -> String {
        match self {
            Self::Name(text) | Self::Text(text) => text.clone(),
            Self::Sign(sign) => (*sign).to_owned(),
        }
    }
}

fn syntax(near: impl Into<String>) -> Refused {
    Refused { code: "SYNTAX_ERROR", near: near.into() }
}

fn limit(near: &str) -> Refused {
    Refused { code: "LIMIT_EXCEEDED", near: near.to_owned() }
}

/// Reads a query.
///
/// # Errors
/// What Zoho would refuse. Nobody knows how a quote inside a text is escaped, so a backslash in a text is refused too.
pub fn parse(text: &str) -> Result<Query, Refused> {
    let mut reader = Reader { words: words(text)?, at: 0, conditions: 0 };
    let query = reader.query()?;
    match reader.words.get(reader.at) {
        None => Ok(query),
        Some(word) => Err(syntax(word.shown())),
    }
}

fn words(text: &str) -> Result<Vec<Word>, Refused> {
    const SIGNS: [&str; 10] = ["!=", "<=", ">=", "=", "<", ">", "(", ")", ",", ";"];
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('\'') {
            let (value, after) = quoted.split_once('\'').ok_or_else(|| syntax("'"))?;
            if value.contains('\\') {
                return Err(syntax("\\"));
            }
            words.push(Word::Text(value.to_owned()));
            rest = after.trim_start();
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            words.push(Word::Sign(sign));
            rest = rest[sign.len()..].trim_start();
        } else {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_$.".contains(c))).unwrap_or(rest.len());
            if end == 0 {
                return Err(syntax(rest.chars().take(1).collect::<String>()));
            }
            words.push(Word::Name(rest[..end].to_owned()));
            rest = rest[end..].trim_start();
        }
    }
    Ok(words)
}

struct Reader {
    words: Vec<Word>,
    at: usize,
    conditions: usize,
}

impl Reader {
    fn next(&mut self) -> Result<Word, Refused> {
        let word = self.words.get(self.at).cloned().ok_or_else(|| syntax("end"))?;
        self.at += 1;
        Ok(word)
    }

    fn name(&mut self) -> Result<String, Refused> {
        match self.next()? {
            Word::Name(name) => Ok(name),
            other => Err(syntax(other.shown())),
        }
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.words.get(self.at), Some(Word::Name(name)) if name.eq_ignore_ascii_case(keyword))
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let there = self.is_keyword(keyword);
        self.at += usize::from(there);
        there
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), Refused> {
        if self.take_keyword(keyword) { Ok(()) } else { Err(syntax(keyword)) }
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let there = matches!(self.words.get(self.at), Some(Word::Sign(found)) if *found == sign);
        self.at += usize::from(there);
        there
    }

    fn query(&mut self) -> Result<Query, Refused> {
        self.keyword("select")?;
        let mut columns = vec![self.name()?];
        while self.take_sign(",") {
            columns.push(self.name()?);
        }
        if columns.len() > MOST_COLUMNS {
            return Err(limit("select"));
        }
        self.keyword("from")?;
        let module = self.name()?;
        self.keyword("where")?;
        let condition = self.either()?;
        let order = if self.take_keyword("order") { self.order()? } else { Vec::new() };
        let rows = if self.take_keyword("limit") { self.count()? } else { 200 };
        let offset = if self.take_keyword("offset") { self.count()? } else { 0 };
        if rows > MOST_ROWS || self.conditions > MOST_CONDITIONS {
            return Err(limit("limit"));
        }
        Ok(Query { columns, module, condition, order, limit: rows, offset })
    }

    fn order(&mut self) -> Result<Vec<(String, bool)>, Refused> {
        self.keyword("by")?;
        let mut order = Vec::new();
        loop {
            let column = self.name()?;
            let down = self.take_keyword("desc");
            if !down {
                self.take_keyword("asc");
            }
            order.push((column, down));
            if !self.take_sign(",") {
                return Ok(order);
            }
        }
    }

    fn count(&mut self) -> Result<usize, Refused> {
        let word = self.name()?;
        word.parse().map_err(|_| syntax(word))
    }

    /// Two conditions at the most; more need parentheses, pair by pair.
    fn either(&mut self) -> Result<Condition, Refused> {
        let left = self.single()?;
        let both = if self.take_keyword("and") {
            Condition::And(Box::new(left), Box::new(self.single()?))
        } else if self.take_keyword("or") {
            Condition::Or(Box::new(left), Box::new(self.single()?))
        } else {
            return Ok(left);
        };
        if self.is_keyword("and") || self.is_keyword("or") {
            return Err(syntax("pair the conditions with parentheses"));
        }
        Ok(both)
    }

    fn single(&mut self) -> Result<Condition, Refused> {
        if self.take_sign("(") {
            let inner = self.either()?;
            return if self.take_sign(")") { Ok(inner) } else { Err(syntax(")")) };
        }
        self.conditions += 1;
        let column = self.name()?;
        let (operator, values) = self.comparison()?;
        Ok(Condition::Compare { column, operator, values })
    }

    fn comparison(&mut self) -> Result<(Operator, Vec<String>), Refused> {
        use Operator as O;
        let signs = [
            ("=", O::Equal),
            ("!=", O::NotEqual),
            ("<", O::Less),
            ("<=", O::LessOrEqual),
            (">", O::Greater),
            (">=", O::GreaterOrEqual),
        ];
        if let Some((_, operator)) = signs.iter().find(|(sign, _)| self.take_sign(sign)) {
            return Ok((*operator, vec![self.value()?]));
        }
        if self.take_keyword("is") {
            let operator = if self.take_keyword("not") { O::IsNotNull } else { O::IsNull };
            return self.keyword("null").map(|()| (operator, Vec::new()));
        }
        let negated = self.take_keyword("not");
        if self.take_keyword("like") {
            return Ok((if negated { O::NotLike } else { O::Like }, vec![self.value()?]));
        }
        self.keyword("in")?;
        if !self.take_sign("(") {
            return Err(syntax("in"));
        }
        let mut values = vec![self.value()?];
        while self.take_sign(",") {
            values.push(self.value()?);
        }
        if values.len() > MOST_VALUES {
            return Err(limit("in"));
        }
        if !self.take_sign(")") {
            return Err(syntax(")"));
        }
        Ok((if negated { O::NotIn } else { O::In }, values))
    }

    fn value(&mut self) -> Result<String, Refused> {
        match self.next()? {
            Word::Text(text) => Ok(text),
            Word::Name(name) => Ok(name),
            Word::Sign(sign) => Err(syntax(sign)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_of_the_reference_is_read() {
        let text = "select id, Full_Name from Contacts where ((Phone = '+815012345678') or (Mobile = '1')) limit 10";
        let query = parse(text).unwrap();
        assert_eq!((query.module.as_str(), query.limit, query.columns.len()), ("Contacts", 10, 2));
        assert!(matches!(query.condition, Condition::Or(..)));
    }

    #[test]
    fn what_zoho_refuses_is_refused() {
        let cases = [
            ("select id from Contacts", "SYNTAX_ERROR"),
            ("select id from Contacts where a = '1' or b = '1' or c = '1'", "SYNTAX_ERROR"),
            ("select id from Contacts where a = 'it\\'s'", "SYNTAX_ERROR"),
            ("select id from Contacts where a = '1' limit 2001", "LIMIT_EXCEEDED"),
            ("select id from Contacts where a = '1'; drop", "SYNTAX_ERROR"),
        ];
        for (text, code) in cases {
            assert_eq!(parse(text).unwrap_err().code, code, "{text}");
        }
        let many = vec!["'1'"; 51].join(",");
        assert_eq!(parse(&format!("select id from Contacts where a in ({many})")).unwrap_err().code, "LIMIT_EXCEEDED");
        assert!(parse("select id from C where a = '1' or (b = '1' or c in ('1', '2')) order by id desc, b").is_ok());
    }
}
