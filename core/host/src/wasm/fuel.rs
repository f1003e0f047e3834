//! What each instruction costs.
//!
//! Fuel is counted in units of a fifth of a nanosecond, on the machine that the README names. The
//! prices come from `examples/fuel.rs`, which times mixes of instructions that are as slow for
//! their kind as can be had: numbers so small that the processor needs help with them, loads that
//! miss the caches, branches that are guessed wrong. An honest plug-in pays those prices too, and
//! has room enough.

use wasmtime::OperatorCost;

/// Units for one call: 65 microseconds of the slowest mix.
pub const PER_CALL: u64 = 300_000;
/// Units that every further call of one step has beside those that the calls before it left: eight
/// timers and eight changes that come at once cost no more than two calls.
pub const AGAIN: u64 = PER_CALL / 16;

/// A load, which may miss every cache.
const LOAD: u8 = 125;
/// A store, which may lie across two pages.
const STORE: u8 = 50;
/// A division or remainder of whole numbers.
const DIVIDE: u8 = 40;
/// A sum of floating-point numbers, with its result made canonical.
const ADD_FLOAT: u8 = 20;
/// A product, quotient or root, whose result may be too small for the fast way.
const TINY: u8 = 220;
/// A rounding to a whole number that stays a floating-point number.
const ROUND: u8 = 32;
/// From floating point to whole number or back.
const CONVERT: u8 = 14;
/// A branch that may be guessed wrong.
const BRANCH: u8 = 20;
/// A jump that is always taken, and the comparison of the fuel where it goes.
const JUMP: u8 = 6;

/// The price of every instruction; one unit where nothing else is said.
#[must_use]
pub const fn table() -> OperatorCost {
    let mut cost = OperatorCost::new();
    numbers(&mut cost);
    floats(&mut cost);
    conversions(&mut cost);
    accesses(&mut cost);
    control(&mut cost);
    bulk(&mut cost);
    cost
}

/// The hash of the table.
#[must_use]
pub fn table_hash() -> [u8; 32] {
    *blake3::hash(format!("{:?}", table()).as_bytes()).as_bytes()
}

macro_rules! price {
    ($cost:ident, $price:expr, $($operator:ident)*) => {
        $( $cost.$operator = $price; )*
    };
}

const fn numbers(cost: &mut OperatorCost) {
    price!(cost, DIVIDE, I32DivS I32DivU I32RemS I32RemU I64DivS I64DivU I64RemS I64RemU);
    price!(cost, 2, I32Mul I64Mul);
    price!(cost, 3, I32Clz I32Ctz I32Popcnt I64Clz I64Ctz I64Popcnt I64Const F64Const);
}

const fn floats(cost: &mut OperatorCost) {
    price!(cost, ADD_FLOAT, F32Add F32Sub F64Add F64Sub);
    price!(cost, TINY, F32Mul F32Div F32Sqrt F64Mul F64Div F64Sqrt);
    price!(cost, ROUND, F32Ceil F32Floor F32Trunc F32Nearest F64Ceil F64Floor F64Trunc F64Nearest);
    price!(cost, 24, F32Min F32Max F64Min F64Max);
    price!(cost, 3, F32Copysign F64Copysign F32Abs F32Neg F64Abs F64Neg);
    price!(cost, 4, F32Eq F32Ne F32Lt F32Gt F32Le F32Ge F64Eq F64Ne F64Lt F64Gt F64Le F64Ge);
}

const fn conversions(cost: &mut OperatorCost) {
    price!(cost, CONVERT, I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U);
    price!(cost, CONVERT, I64TruncF32S I64TruncF32U I64TruncF64S I64TruncF64U);
    price!(cost, CONVERT, I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U);
    price!(cost, CONVERT, I64TruncSatF32S I64TruncSatF32U I64TruncSatF64S I64TruncSatF64U);
    price!(cost, CONVERT, F32ConvertI32S F32ConvertI32U F32ConvertI64S F32ConvertI64U);
    price!(cost, CONVERT, F64ConvertI32S F64ConvertI32U F64ConvertI64S F64ConvertI64U);
    price!(cost, 45, F32DemoteF64 F64PromoteF32);
    price!(cost, 4, I32ReinterpretF32 I64ReinterpretF64 F32ReinterpretI32 F64ReinterpretI64);
}

const fn accesses(cost: &mut OperatorCost) {
    price!(cost, LOAD, I32Load I64Load F32Load F64Load);
    price!(cost, LOAD, I32Load8S I32Load8U I32Load16S I32Load16U);
    price!(cost, LOAD, I64Load8S I64Load8U I64Load16S I64Load16U I64Load32S I64Load32U);
    price!(cost, STORE, I32Store I64Store F32Store F64Store);
    price!(cost, STORE, I32Store8 I32Store16 I64Store8 I64Store16 I64Store32);
}

const fn control(cost: &mut OperatorCost) {
    price!(cost, 4, Loop);
    price!(cost, JUMP, Br Return);
    price!(cost, BRANCH, BrIf If);
    price!(cost, 50, BrTable);
    price!(cost, 40, Call);
    price!(cost, 125, CallIndirect);
}

/// Work that grows with a number that is known when it runs: a part for the call, and a part for
/// each byte or element, which is compared with the budget before the work is begun.
const fn bulk(cost: &mut OperatorCost) {
    price!(cost, 40, MemoryCopy MemoryFill MemoryInit DataDrop);
    price!(cost, 120, TableCopy TableInit);
    price!(cost, 80, ElemDrop);
    price!(cost, 255, MemoryGrow);
    cost.variable.memory_copy_per_byte = 1;
    cost.variable.memory_fill_per_byte = 1;
    cost.variable.memory_init_per_byte = 1;
    cost.variable.memory_grow_per_page = 255;
    cost.variable.table_copy_per_element = 8;
    cost.variable.table_init_per_element = 8;
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::Operator;

    #[test]
    fn slow_instructions_cost_more_than_fast_ones() {
        let table = table();
        let fast = table.cost(&Operator::I64Add);
        assert_eq!(fast, 1);
        for slow in [Operator::I64DivS, Operator::F64Sqrt, Operator::I32RemU, Operator::F32Div] {
            assert!(table.cost(&slow) >= 20 * fast, "{slow:?}");
        }
        assert!(table.variable.memory_grow_per_page > 0);
    }

    #[test]
    fn the_hash_is_that_of_the_prices() {
        assert_eq!(table_hash(), table_hash());
        let other = blake3::hash(format!("{:?}", OperatorCost::new()).as_bytes());
        assert_ne!(table_hash(), *other.as_bytes());
    }
}
