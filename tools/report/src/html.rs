//! The report as one HTML file.

use std::fmt::Display;

use super::Figure;
use super::chart::escape;

/// A part of the report with an entry in its table of contents.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Section {
    /// Anchor: lower case letters and `-`.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) parts: Vec<Part>,
}

/// What stands in a section.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// A paragraph of plain text.
    Text(String),
    /// Rows of cells of plain text; the first row is the head. Numbers stand to the right from column `left` on.
    Table { rows: Vec<Vec<String>>, left: usize },
    /// A picture.
    Figure(Figure),
    /// Pictures behind a line that opens them.
    Details(String, Vec<Figure>),
}

impl Part {
    /// The pictures in it.
    pub(super) fn figures(&self) -> &[Figure] {
        match self {
            Self::Figure(figure) => std::slice::from_ref(figure),
            Self::Details(_, figures) => figures,
            Self::Text(_) | Self::Table { .. } => &[],
        }
    }
}

const STYLE: &str = "\
:root{color-scheme:light}
body{margin:0 auto;padding:1.5rem 1.25rem 4rem;max-width:60rem;background:#fff;color:#282c34;\
font:16px/1.55 system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
h1{font-size:1.7rem;line-height:1.25;margin:.5rem 0 1rem}
h2{font-size:1.25rem;margin:2.6rem 0 .6rem;padding-top:.8rem;border-top:1px solid #e2e5e9}
nav{background:#f6f7f9;border:1px solid #e2e5e9;border-radius:6px;padding:.7rem 1rem;margin:1rem 0}
nav ol{margin:0;padding-left:1.4rem;columns:2;column-gap:2rem}
a{color:#0059a0}
figure{margin:1rem 0 1.6rem}
figure svg{display:block;width:100%;height:auto}
figcaption{font-size:.88rem;color:#565c66;margin-top:.3rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.88rem;margin:.8rem 0;font-variant-numeric:tabular-nums}
th,td{padding:.32rem .7rem;border-bottom:1px solid #e2e5e9;text-align:right;vertical-align:top;white-space:nowrap}
th{font-weight:600;white-space:normal;background:#f6f7f9;border-bottom-color:#c9cdd3}
.l{text-align:left;min-width:7rem;white-space:normal;overflow-wrap:anywhere}
details{margin:.4rem 0;border:1px solid #e2e5e9;border-radius:6px;padding:.4rem .8rem}
summary{cursor:pointer}
@media print{body{max-width:none;padding:0;font-size:11pt}nav{break-after:page}figure,table{break-inside:avoid}}
";

/// The file: no scripts, no other files, no network.
pub(super) fn page(title: &str, sections: &[Section]) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; \
         style-src 'unsafe-inline'\">\n<title>{0}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{0}</h1>\n\
         <nav aria-label=\"Contents\"><ol>\n",
        escape(title)
    );
    for Section { id, title, .. } in sections {
        push(&mut html, format_args!("<li><a href=\"#{id}\">{}</a></li>\n", escape(title)));
    }
    html += "</ol></nav>\n";
    for section in sections {
        push(
            &mut html,
            format_args!("<section id=\"{}\">\n<h2>{}</h2>\n", section.id, escape(section.title)),
        );
        section.parts.iter().for_each(|part| self::part(&mut html, part));
        html += "</section>\n";
    }
    html + "</body>\n</html>\n"
}

fn push(html: &mut String, text: impl Display) {
    *html += &text.to_string();
}

fn part(html: &mut String, part: &Part) {
    match part {
        Part::Text(text) => push(html, format_args!("<p>{}</p>\n", escape(text))),
        Part::Table { rows, left } => table(html, rows, *left),
        Part::Figure(figure) => self::figure(html, figure),
        Part::Details(summary, figures) => {
            push(html, format_args!("<details><summary>{}</summary>\n", escape(summary)));
            figures.iter().for_each(|figure| self::figure(html, figure));
            *html += "</details>\n";
        }
    }
}

fn table(html: &mut String, rows: &[Vec<String>], left: usize) {
    *html += "<div class=\"scroll\"><table>\n";
    for (number, row) in rows.iter().enumerate() {
        let tag = if number == 0 { "th" } else { "td" };
        *html += "<tr>";
        for (column, cell) in row.iter().enumerate() {
            let class = if column < left { " class=\"l\"" } else { "" };
            push(html, format_args!("<{tag}{class}>{}</{tag}>", escape(cell)));
        }
        *html += "</tr>\n";
    }
    *html += "</table></div>\n";
}

/// The picture scales with the page: its size in pixels gives way to a view box.
fn figure(html: &mut String, figure: &Figure) {
    let name = escape(&figure.name);
    let label = format!("<svg role=\"img\" aria-label=\"{name}\" ");
    let from = figure.svg.find("<svg").unwrap_or(0);
    let svg = figure.svg[from..].replacen("<svg ", &label, 1);
    let caption = escape(&figure.caption);
    push(html, format_args!("<figure id=\"{name}\">\n{svg}<figcaption>{caption}</figcaption>\n</figure>\n"));
}
