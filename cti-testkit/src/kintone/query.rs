//! The query language: text → tree. What the tree means is in `select`.

use super::error::ApiError;

/// A query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// Which records; `None` = all.
    pub condition: Option<Condition>,
    /// The fields to sort by; `true` = descending.
    pub order: Vec<(String, bool)>,
    /// How many.
    pub limit: Option<i64>,
    /// From the how manieth.
    pub offset: Option<i64>,
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Both hold.
    And(Box<Condition>, Box<Condition>),
    /// One holds.
    Or(Box<Condition>, Box<Condition>),
    /// A field compared with values; operators with one operand have one value.
    Compare {
        /// The field code.
        field: String,
        /// How it is compared.
        operator: Operator,
        /// With what.
        values: Vec<String>,
    },
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    In,
    NotIn,
    Like,
    NotLike,
    IsEmpty,
    IsNotEmpty,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

/// Reads a query.
///
/// # Errors
/// `CB_VA01` naming the parameter `query`, as kintone does.
pub fn parse(text: &str) -> Result<Query, ApiError> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens };
    let query = parser.query()?;
    if parser.tokens.is_empty() { Ok(query) } else { Err(syntax("something follows the end of the query")) }
}

fn syntax(what: &str) -> ApiError {
    ApiError::parameter("query", &format!("Invalid query: {what}."))
}

const SIGNS: [&str; 9] = ["!=", ">=", "<=", "=", ">", "<", "(", ")", ","];

fn tokens(text: &str) -> Result<Vec<Token>, ApiError> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (value, after) = quoted_text(quoted)?;
            out.push(Token::Text(value));
            rest = after;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            out.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if matches!(first, '\'' | '!' | '`') {
            return Err(syntax("a character that has no meaning"));
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || "\"'!=<>(),`".contains(c)).unwrap_or(rest.len());
            out.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(out)
}

/// Reads up to the closing quote; gives the value and what follows.
fn quoted_text(text: &str) -> Result<(String, &str), ApiError> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => value.push(match chars.next().map(|(_, escaped)| escaped) {
                Some(plain @ ('"' | '\\')) => plain,
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                _ => return Err(syntax("an escape that has no meaning")),
            }),
            '\t' | '\n' | '\r' => return Err(syntax("a raw tab or line end in a text")),
            other => value.push(other),
        }
    }
    Err(syntax("a text without end"))
}

struct Parser<'a> {
    tokens: &'a [Token],
}

impl<'a> Parser<'a> {
    fn query(&mut self) -> Result<Query, ApiError> {
        let mut query = Query::default();
        if !self.tokens.is_empty() && !self.at_option() {
            query.condition = Some(self.any()?);
        }
        if self.word("order") {
            self.need("by")?;
            query.order = self.order()?;
        }
        if self.word("limit") {
            query.limit = Some(self.integer()?);
        }
        if self.word("offset") {
            query.offset = Some(self.integer()?);
        }
        Ok(query)
    }

    fn at_option(&self) -> bool {
        match self.tokens {
            [Token::Word(order), Token::Word(by), ..] if order == "order" && by == "by" => true,
            [Token::Word(word), Token::Word(_), ..] => matches!(word.as_str(), "limit" | "offset"),
            _ => false,
        }
    }

    fn any(&mut self) -> Result<Condition, ApiError> {
        let mut left = self.all()?;
        while self.word("or") {
            left = Condition::Or(Box::new(left), Box::new(self.all()?));
        }
        Ok(left)
    }

    fn all(&mut self) -> Result<Condition, ApiError> {
        let mut left = self.single()?;
        while self.word("and") {
            left = Condition::And(Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Condition, ApiError> {
        if self.sign("(") {
            let inside = self.any()?;
            return if self.sign(")") { Ok(inside) } else { Err(syntax("a parenthesis is not closed")) };
        }
        let Some(Token::Word(field)) = self.next() else { return Err(syntax("a field code is missing")) };
        let field = field.clone();
        let operator = self.operator()?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.list()?,
            Operator::IsEmpty | Operator::IsNotEmpty => Vec::new(),
            _ => vec![self.value()?],
        };
        Ok(Condition::Compare { field, operator, values })
    }

    fn operator(&mut self) -> Result<Operator, ApiError> {
        Ok(match self.next() {
            Some(Token::Sign("=")) => Operator::Equal,
            Some(Token::Sign("!=")) => Operator::NotEqual,
            Some(Token::Sign(">")) => Operator::Greater,
            Some(Token::Sign("<")) => Operator::Less,
            Some(Token::Sign(">=")) => Operator::GreaterOrEqual,
            Some(Token::Sign("<=")) => Operator::LessOrEqual,
            Some(Token::Word(word)) => match word.as_str() {
                "in" => Operator::In,
                "like" => Operator::Like,
                "not" if self.word("in") => Operator::NotIn,
                "not" if self.word("like") => Operator::NotLike,
                "is" if self.word("empty") => Operator::IsEmpty,
                "is" if self.word("not") && self.word("empty") => Operator::IsNotEmpty,
                _ => return Err(syntax("an operator is missing")),
            },
            _ => return Err(syntax("an operator is missing")),
        })
    }

    fn list(&mut self) -> Result<Vec<String>, ApiError> {
        if !self.sign("(") {
            return Err(syntax("a list is missing"));
        }
        let mut values = vec![self.value()?];
        while self.sign(",") {
            values.push(self.value()?);
        }
        if self.sign(")") { Ok(values) } else { Err(syntax("a list is not closed")) }
    }

    fn value(&mut self) -> Result<String, ApiError> {
        match self.next() {
            Some(Token::Text(text)) => Ok(text.clone()),
            Some(Token::Word(word)) if word.parse::<f64>().is_ok() => Ok(word.clone()),
            _ => Err(syntax("a value is missing, or a function that the simulator does not know")),
        }
    }

    fn order(&mut self) -> Result<Vec<(String, bool)>, ApiError> {
        let mut order = Vec::new();
        loop {
            let Some(Token::Word(field)) = self.next() else { return Err(syntax("a field to sort by is missing")) };
            let field = field.clone();
            let descending = !self.word("asc");
            self.word("desc");
            order.push((field, descending));
            if !self.sign(",") {
                return Ok(order);
            }
        }
    }

    fn integer(&mut self) -> Result<i64, ApiError> {
        match self.next() {
            Some(Token::Word(word)) => word.parse().map_err(|_| syntax("a number is missing")),
            _ => Err(syntax("a number is missing")),
        }
    }

    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn take(&mut self, wanted: impl Fn(&Token) -> bool) -> bool {
        match self.tokens.split_first() {
            Some((first, rest)) if wanted(first) => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn word(&mut self, wanted: &str) -> bool {
        self.take(|token| matches!(token, Token::Word(word) if word == wanted))
    }

    fn sign(&mut self, wanted: &str) -> bool {
        self.take(|token| matches!(token, Token::Sign(sign) if *sign == wanted))
    }

    fn need(&mut self, wanted: &str) -> Result<(), ApiError> {
        if self.word(wanted) { Ok(()) } else { Err(syntax("a keyword is missing")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(field: &str, operator: Operator, values: &[&str]) -> Condition {
        Condition::Compare { field: field.to_owned(), operator, values: values.iter().map(|&v| v.to_owned()).collect() }
    }

    #[test]
    fn the_phone_look_up_is_read() {
        let query = parse(r#"tel in ("03-1", "031") or mobile not in ("1") order by $id asc, name limit 3 offset 2"#);
        let expected = Query {
            condition: Some(Condition::Or(
                Box::new(compare("tel", Operator::In, &["03-1", "031"])),
                Box::new(compare("mobile", Operator::NotIn, &["1"])),
            )),
            order: vec![("$id".to_owned(), false), ("name".to_owned(), true)],
            limit: Some(3),
            offset: Some(2),
        };
        assert_eq!(query, Ok(expected));
    }

    #[test]
    fn and_binds_closer_than_or_and_parentheses_closer_still() {
        let plain = parse(r#"a = "1" or b = "2" and c > 3"#).unwrap().condition;
        let grouped = parse(r#"a = "1" or (b = "2" and c > 3)"#).unwrap().condition;
        let other = parse(r#"(a = "1" or b = "2") and c > 3"#).unwrap().condition;
        assert_eq!(plain, grouped);
        assert_ne!(plain, other);
    }

    #[test]
    fn escapes_are_undone_and_raw_line_ends_refused() {
        let Ok(Query { condition: Some(Condition::Compare { values, .. }), .. }) = parse(r#"a = "\"\\\t\n\r""#) else {
            panic!("not read")
        };
        assert_eq!(values, ["\"\\\t\n\r"]);
        for wrong in ["a = \"x\ny\"", "a = 'x'", "a = \"x", "a", "a in ()", "a = \"x\" b", "limit -", "(a = \"1\""] {
            assert_eq!(parse(wrong).map_err(|error| error.code), Err("CB_VA01"), "{wrong}");
        }
    }

    #[test]
    fn options_stand_alone() {
        assert_eq!(parse("limit 5").unwrap().limit, Some(5));
        assert_eq!(parse("").unwrap(), Query::default());
        assert!(parse("memo is not empty order by $id desc").unwrap().condition.is_some());
    }
}
