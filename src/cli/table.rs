//! Tables and cards that fit the terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, Width};

use super::paint::Look;

/// A column. Without a width its text is cut at the edge of the terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column<'a> {
    pub(super) title: &'a str,
    /// Left out first, of those that do not fit, is the column with the lowest; 9 always stays.
    pub(super) rank: u8,
    pub(super) is_number: bool,
    /// Whether the text is as long as people make it.
    pub(super) is_long: bool,
}

pub(super) const fn column(title: &str, rank: u8) -> Column<'_> {
    Column { title, rank, is_number: false, is_long: false }
}

impl Column<'_> {
    pub(super) const fn number(self) -> Self {
        Self { is_number: true, ..self }
    }

    pub(super) const fn long(self) -> Self {
        Self { is_long: true, ..self }
    }
}

/// The minimum width of a long column.
const LONG: usize = 15;
const GAP: usize = 2;

/// A table. Without a width nothing is cut, and no column is left out.
pub(super) fn table(columns: &[Column<'_>], rows: &[Vec<String>], width: Option<usize>) -> String {
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    // A column without values in any row is left out.
    kept.retain(|at| {
        columns.get(*at).is_some_and(|column| column.rank == 9)
            || rows.iter().any(|row| row.get(*at).is_some_and(|cell| !cell.is_empty()))
    });
    let natural = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| width_of(cell));
        cells.chain(columns.get(at).map(|column| width_of(column.title))).max().unwrap_or(0)
    };
    let is_long = |at: usize| columns.get(at).is_some_and(|column| column.is_long);
    if let Some(width) = width {
        let needed = |kept: &[usize]| {
            kept.iter().map(|at| GAP + if is_long(*at) { natural(*at).min(LONG) } else { natural(*at) }).sum::<usize>()
        };
        while needed(&kept) > width + GAP {
            let rank = |at: &usize| columns.get(*at).map_or(9, |column| column.rank);
            match kept
                .iter()
                .enumerate()
                .filter(|(_, at)| rank(at) < 9)
                .min_by_key(|(_, at)| rank(at))
                .map(|(place, _)| place)
            {
                Some(place) => kept.remove(place),
                None => break,
            };
        }
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_truncation_indicator("…");
    if let Some(width) = width {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(width + GAP).unwrap_or(u16::MAX));
    }
    let title = |at: &usize| columns.get(*at).map(|column| Look::Dim.on(column.title)).unwrap_or_default();
    table.set_header(kept.iter().map(title));
    for row in rows {
        let cells = kept.iter().map(|at| row.get(*at).cloned().unwrap_or_default());
        let mut line = Row::from(cells.collect::<Vec<_>>());
        if width.is_some() {
            line.max_height(2);
        }
        table.add_row(line);
    }
    let constraints = kept.iter().map(|at| match is_long(*at) {
        true => ColumnConstraint::LowerBoundary(Width::Fixed(u16::try_from(natural(*at).min(LONG) + GAP).unwrap_or(0))),
        false => ColumnConstraint::ContentWidth,
    });
    table.set_constraints(constraints);
    for (place, at) in kept.iter().enumerate() {
        if let Some(made) = table.column_mut(place) {
            made.set_padding((0, u16::try_from(GAP).unwrap_or(2)));
            if columns.get(*at).is_some_and(|column| column.is_number) {
                made.set_cell_alignment(comfy_table::CellAlignment::Right);
            }
        }
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// A table without column ranks: the first column stays, and those further right are left out first.
pub(super) fn titled(titles: &[String], rows: &[Vec<String>], width: Option<usize>) -> String {
    let rank = |at: usize| if at == 0 { 9 } else { u8::try_from(8_usize.saturating_sub(at)).unwrap_or(0) };
    let columns: Vec<_> = titles.iter().enumerate().map(|(at, title)| column(title, rank(at)).long()).collect();
    table(&columns, rows, width)
}

/// A card: names on the left, and their values on the right, wrapped below themselves.
pub(super) fn card(facts: &[(&str, String)], width: Option<usize>) -> String {
    let name_width = facts.iter().map(|(name, _)| width_of(name)).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (name, text) in facts.iter().filter(|(_, text)| !text.is_empty()) {
        let room = width.map_or(usize::MAX, |width| width.saturating_sub(name_width + GAP + 2).max(20));
        for (number, line) in text.lines().flat_map(|line| wrapped(line, room)).enumerate() {
            let name = if number == 0 { *name } else { "" };
            let gap = " ".repeat(name_width - width_of(name) + GAP);
            lines.push(format!("  {}{gap}{line}", if name.is_empty() { String::new() } else { Look::Dim.on(name) }));
        }
    }
    lines.join("\n")
}

/// Lines of limited width, broken at spaces if there are any. Marks continue after a break.
pub(super) fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let wide = width_of(word);
        if used > 0 && used + 1 + wide > room {
            lines.push(String::new());
            used = 0;
        }
        let Some(mut line) = lines.pop() else { break };
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        if wide <= room {
            line.push_str(word);
            used += wide;
        } else {
            for c in word.chars() {
                let one = width_of(c.encode_utf8(&mut [0; 4]));
                if used + one > room {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push(c);
                used += one;
            }
        }
        lines.push(line);
    }
    lines
}

/// How many columns of a terminal the text takes. Marks take none.
pub(super) fn width_of(text: &str) -> usize {
    if text.is_empty() {
        return 0;
    }
    let mut measured = Table::new();
    measured.load_style(NOTHING).add_row([text.replace('\n', " ")]);
    measured.column_max_content_widths().first().map_or(0, |width| usize::from(*width))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column<'_>; 4] =
        [column("ID", 9), column("WHO", 5), column("USES", 2).number(), column("REASON", 7).long()];

    fn rows() -> Vec<Vec<String>> {
        let row =
            |id: &str, who: &str, uses: &str, reason: &str| vec![id.into(), who.into(), uses.into(), reason.into()];
        vec![
            row("0198c7a2-5d3e", "dev@example.com", "3", "short"),
            row("0198c7a2-5d3f", "字字字@example.com", "12000", &"a long reason that goes on ".repeat(8)),
        ]
    }

    #[test]
    fn a_table_fits_and_leaves_out_what_matters_least() {
        for width in [24, 40, 60, 80, 120] {
            let text = table(&COLUMNS, &rows(), Some(width));
            assert!(text.lines().all(|line| width_of(line) <= width), "{width}:\n{text}");
            assert!(text.contains("0198c7a2-5d3e"), "{text}");
        }
        assert!(!table(&COLUMNS, &rows(), Some(40)).contains("USES"));
        let whole = table(&COLUMNS, &rows(), None);
        assert_eq!(whole.lines().count(), 3, "{whole}");
        assert!(whole.contains(&"a long reason that goes on ".repeat(8).trim_end().to_owned()));
    }

    #[test]
    fn marks_take_no_width() {
        let marked = Look::Bad.on("denied");
        assert_eq!((width_of(&marked), width_of("denied"), width_of("字")), (6, 6, 2));
    }

    #[test]
    fn a_card_goes_on_below_itself() {
        let facts = [("reason", "one two three four five six seven".to_owned()), ("empty", String::new())];
        let text = card(&facts, Some(31));
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains("empty"), "{text}");
        let long = card(&[("x", "a".repeat(100))], Some(40));
        assert!(long.lines().all(|line| width_of(line) <= 40), "{long}");
    }
}
