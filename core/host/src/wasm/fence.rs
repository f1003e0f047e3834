//! Checks of the fuel where the compiler sets none.
//!
//! Compiled code counts its fuel everywhere, but compares it with the budget only where a function
//! begins and where a loop turns. A long straight stretch, and every stretch behind a call, would
//! run to its end after the last unit is gone, once for each function that is being left. So before
//! a module is compiled, an empty loop is put behind every call and wherever more than
//! [`STRETCH_MAX`] units could pass without a comparison on some path. A call then overruns its
//! budget by one such stretch and one instruction at most.

use wasmparser::{Operator, Parser, Payload};

use super::check::invalid;
use super::engine::FEATURES;
use super::fuel;
use super::refused::Refused;

/// Units between two comparisons, at most; about a microsecond.
pub(super) const STRETCH_MAX: u64 = 4_096;

/// `loop` without values, `end`.
const FENCE: [u8; 3] = [0x03, 0x40, 0x0b];

const CUSTOM_SECTION: u8 = 0;
const CODE_SECTION: u8 = 10;
const HEADER: usize = 8;

/// A valid module with the comparisons in it, and without its custom sections.
///
/// # Errors
/// [`Refused::Invalid`] when it is none.
pub(super) fn fence(module: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    let mut fenced = Vec::with_capacity(module.len() * 2);
    fenced.extend_from_slice(&module[..HEADER]);
    let mut bodies = Vec::new();
    let mut left = 0;
    for payload in parser.parse_all(module) {
        let payload = payload.map_err(invalid)?;
        if let Payload::CodeSectionStart { count, .. } = &payload {
            put_number(&mut bodies, *count);
            left = *count;
        } else if let Payload::CodeSectionEntry(body) = &payload {
            let body = fence_body(body)?;
            put_number(&mut bodies, body.len() as u32);
            bodies.extend_from_slice(&body);
            left -= 1;
        }
        if left == 0 && !bodies.is_empty() {
            put_section(&mut fenced, CODE_SECTION, &bodies);
            bodies.clear();
        } else if let Some((id, range)) = payload.as_section()
            && id != CODE_SECTION
            && id != CUSTOM_SECTION
        {
            put_section(&mut fenced, id, &module[range]);
        }
    }
    Ok(fenced)
}

fn put_section(to: &mut Vec<u8>, id: u8, content: &[u8]) {
    to.push(id);
    put_number(to, content.len() as u32);
    to.extend_from_slice(content);
}

/// An unsigned number in groups of seven bits.
fn put_number(to: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn fence_body(body: &wasmparser::FunctionBody<'_>) -> Result<Vec<u8>, Refused> {
    let bytes = body.as_bytes();
    let start = body.range().start;
    let mut reader = body.get_operators_reader().map_err(invalid)?;
    let mut fenced = Vec::with_capacity(bytes.len() * 2);
    let mut path = Path::new();
    let costs = fuel::table();
    let at = |reader: &wasmparser::OperatorsReader<'_>| reader.original_position() - start;
    fenced.extend_from_slice(&bytes[..at(&reader)]);
    while !reader.eof() {
        let from = at(&reader);
        let operator = reader.read().map_err(invalid)?;
        let cost = costs.cost(&operator) as u64;
        if path.since + cost > STRETCH_MAX {
            fenced.extend_from_slice(&FENCE);
            path.since = 0;
        }
        fenced.extend_from_slice(&bytes[from..at(&reader)]);
        path.pass(&operator, cost)?;
        if matches!(operator, Operator::Call { .. } | Operator::CallIndirect { .. }) {
            fenced.extend_from_slice(&FENCE);
            path.since = 0;
        }
    }
    Ok(fenced)
}

/// The largest number of units since the last comparison, over all paths to a place.
struct Path {
    since: u64,
    blocks: Vec<Block>,
}

struct Block {
    /// Branches to it go back to its beginning, where there is a comparison.
    is_loop: bool,
    /// At its beginning, for the other arm of an `if`.
    entry: u64,
    /// At its end, over the branches that go there.
    exit: u64,
}

impl Path {
    fn new() -> Self {
        Self { since: 0, blocks: vec![Block { is_loop: false, entry: 0, exit: 0 }] }
    }

    fn pass(&mut self, operator: &Operator<'_>, cost: u64) -> Result<(), Refused> {
        self.since += cost;
        // Whatever neither begins, ends nor leaves a block is passed straight through.
        #[expect(clippy::wildcard_enum_match_arm, reason = "see above")]
        match operator {
            Operator::Block { .. } | Operator::If { .. } => self.begin(false),
            Operator::Loop { .. } => {
                self.since = 0;
                self.begin(true);
            }
            Operator::Else => {
                let since = self.since;
                if let Some(block) = self.blocks.last_mut() {
                    block.exit = block.exit.max(since);
                    self.since = block.entry;
                }
            }
            Operator::End => {
                if let Some(block) = self.blocks.pop() {
                    // The entry counts for an `if` without an other arm.
                    let passed = if block.is_loop { 0 } else { block.exit.max(block.entry) };
                    self.since = self.since.max(passed);
                }
            }
            Operator::BrIf { relative_depth } => self.branch(*relative_depth),
            Operator::Br { relative_depth } => {
                self.branch(*relative_depth);
                self.since = 0;
            }
            Operator::BrTable { targets } => {
                for depth in targets.targets() {
                    self.branch(depth.map_err(invalid)?);
                }
                self.branch(targets.default());
                self.since = 0;
            }
            Operator::Return | Operator::Unreachable => self.since = 0,
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, is_loop: bool) {
        self.blocks.push(Block { is_loop, entry: self.since, exit: 0 });
    }

    fn branch(&mut self, depth: u32) {
        let since = self.since;
        let target = self.blocks.len().checked_sub(1 + depth as usize);
        if let Some(block) = target.and_then(|at| self.blocks.get_mut(at))
            && !block.is_loop
        {
            block.exit = block.exit.max(since);
        }
    }
}
