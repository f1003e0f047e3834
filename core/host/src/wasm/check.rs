//! What can be said of a module without running or compiling it.

use abi::export;
use wasmparser::{
    BinaryReaderError, CompositeInnerType, ExternalKind, FuncToValidate, FuncType,
    FuncValidatorAllocations, FunctionBody, MemoryType, Parser, Payload, TableType, ValType,
    ValidPayload, Validator, ValidatorResources,
};

use super::engine::FEATURES;
use super::limits::{
    ARITY_MAX, BODY_BYTES_MAX, CODE_BYTES_MAX, FUNCTIONS_MAX, ITEMS_MAX, LOCALS_MAX, MEMORY_MAX,
    MODULE_BYTES_MAX, PAGE, TABLE_MAX,
};
use super::refused::Refused;
use crate::manifest::{Kind, Manifest};

/// A module that may be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What it says about itself.
    pub manifest: Manifest,
    /// The hash of its bytes.
    pub hash: [u8; 32],
    /// Bytes of the module.
    pub bytes: usize,
    /// Functions that it defines.
    pub functions: u32,
    /// Bytes of memory that it begins with.
    pub memory: usize,
    /// Elements of its table.
    pub table: usize,
}

/// Looks at a module.
///
/// # Errors
/// [`Refused`] with the first reason why it does not run.
pub fn check(bytes: &[u8]) -> Result<Checked, Refused> {
    if bytes.len() > MODULE_BYTES_MAX {
        return Err(Refused::ModuleTooLarge { bytes: bytes.len(), max: MODULE_BYTES_MAX });
    }
    check_kind(bytes)?;
    let seen = Seen::read(bytes)?;
    let manifest = seen.manifest()?;
    seen.check_exports(&manifest)?;
    let Some(memory) = seen.memory else { return Err(Refused::NoMemory) };
    Ok(Checked {
        manifest,
        hash: *blake3::hash(bytes).as_bytes(),
        bytes: bytes.len(),
        functions: seen.functions.len() as u32,
        memory: memory.initial as usize * PAGE,
        table: seen.table as usize,
    })
}

/// Core module, component or something else, by the first eight bytes.
fn check_kind(bytes: &[u8]) -> Result<(), Refused> {
    if !bytes.starts_with(b"\0asm") {
        return Err(Refused::NotWasm);
    }
    match bytes.get(4..8) {
        Some([_, _, 1, 0]) => Err(Refused::Component),
        Some(_) | None => Ok(()),
    }
}

/// What the sections hold, as far as it matters.
#[derive(Default)]
struct Seen<'a> {
    types: Vec<FuncType>,
    /// The type of each function, by place in `types`.
    functions: Vec<u32>,
    memory: Option<MemoryType>,
    table: u64,
    exports: Vec<(&'a str, ExternalKind, u32)>,
    manifests: Vec<&'a [u8]>,
    bodies: u32,
}

impl<'a> Seen<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Refused> {
        let mut seen = Self::default();
        let mut validator = Validator::new_with_features(FEATURES);
        let mut spare = FuncValidatorAllocations::default();
        let mut parser = Parser::new(0);
        parser.set_features(FEATURES);
        for payload in parser.parse_all(bytes) {
            let payload = payload.map_err(invalid)?;
            seen.look(&payload)?;
            match validator.payload(&payload).map_err(invalid)? {
                ValidPayload::Func(function, body) => {
                    spare = validate(function, &body, spare)?;
                }
                ValidPayload::Ok | ValidPayload::Parser(_) | ValidPayload::End(_) => {}
            }
        }
        Ok(seen)
    }

    fn look(&mut self, payload: &Payload<'a>) -> Result<(), Refused> {
        // Sections that are not here are of components or of features that are switched off: the
        // validator refuses them.
        #[expect(clippy::wildcard_enum_match_arm, reason = "see above")]
        match payload {
            Payload::TypeSection(reader) => {
                at_most("types", reader.count().into(), ITEMS_MAX.into())?;
                for group in reader.clone() {
                    for ty in group.map_err(invalid)?.types() {
                        // Other types come with features that are switched off.
                        if let CompositeInnerType::Func(ty) = &ty.composite_type.inner {
                            let arity = ty.params().len().max(ty.results().len());
                            at_most("values in a type", arity as u64, ARITY_MAX as u64)?;
                            self.types.push(ty.clone());
                        }
                    }
                }
            }
            Payload::ImportSection(reader) => {
                if let Some(import) = reader.clone().into_imports().next() {
                    let import = import.map_err(invalid)?;
                    let (module, name) = (import.module.to_owned(), import.name.to_owned());
                    return Err(Refused::Import { module, name });
                }
            }
            Payload::FunctionSection(reader) => {
                at_most("functions", reader.count().into(), FUNCTIONS_MAX as u64)?;
                for ty in reader.clone() {
                    self.functions.push(ty.map_err(invalid)?);
                }
            }
            Payload::TableSection(reader) => {
                at_most("tables", reader.count().into(), 1)?;
                for table in reader.clone() {
                    self.look_at_table(&table.map_err(invalid)?.ty)?;
                }
            }
            Payload::MemorySection(reader) => {
                at_most("memories", reader.count().into(), 1)?;
                for memory in reader.clone() {
                    self.look_at_memory(memory.map_err(invalid)?)?;
                }
            }
            Payload::GlobalSection(reader) => {
                at_most("globals", reader.count().into(), ITEMS_MAX.into())?;
            }
            Payload::ExportSection(reader) => {
                at_most("exports", reader.count().into(), ITEMS_MAX.into())?;
                for export in reader.clone() {
                    let export = export.map_err(invalid)?;
                    self.exports.push((export.name, export.kind, export.index));
                }
            }
            Payload::StartSection { .. } => return Err(Refused::StartFunction),
            Payload::ElementSection(reader) => {
                at_most("element segments", reader.count().into(), ITEMS_MAX.into())?;
            }
            Payload::DataSection(reader) => {
                at_most("data segments", reader.count().into(), ITEMS_MAX.into())?;
            }
            Payload::CodeSectionStart { size, .. } => {
                at_most("bytes of code", (*size).into(), CODE_BYTES_MAX as u64)?;
            }
            Payload::CodeSectionEntry(body) => self.look_at_body(body)?,
            Payload::CustomSection(reader) if reader.name() == abi::SECTION => {
                self.manifests.push(reader.data());
            }
            _ => {}
        }
        Ok(())
    }

    fn look_at_table(&mut self, table: &TableType) -> Result<(), Refused> {
        self.table = table.initial;
        if table.initial > TABLE_MAX as u64 {
            return Err(Refused::TableTooLarge { elements: table.initial, max: TABLE_MAX as u64 });
        }
        Ok(())
    }

    fn look_at_memory(&mut self, memory: MemoryType) -> Result<(), Refused> {
        let pages = memory.maximum.unwrap_or(0).max(memory.initial);
        let bytes = pages.saturating_mul(PAGE as u64);
        if bytes > MEMORY_MAX as u64 {
            return Err(Refused::MemoryTooLarge { bytes, max: MEMORY_MAX as u64 });
        }
        self.memory = Some(memory);
        Ok(())
    }

    fn look_at_body(&mut self, body: &FunctionBody<'a>) -> Result<(), Refused> {
        let function = self.bodies;
        self.bodies += 1;
        let too_large = |what, count, max| Refused::FunctionTooLarge { function, what, count, max };
        let bytes = body.as_bytes().len() as u64;
        if bytes > BODY_BYTES_MAX as u64 {
            return Err(too_large("bytes", bytes, BODY_BYTES_MAX as u64));
        }
        let mut locals = 0_u64;
        for local in body.get_locals_reader().map_err(invalid)? {
            locals += u64::from(local.map_err(invalid)?.0);
        }
        if locals > LOCALS_MAX.into() {
            return Err(too_large("locals", locals, LOCALS_MAX.into()));
        }
        Ok(())
    }

    fn manifest(&self) -> Result<Manifest, Refused> {
        match self.manifests[..] {
            [] => Err(Refused::NoManifest),
            [bytes] => {
                let text = str::from_utf8(bytes).map_err(|_| Refused::ManifestNotText)?;
                Ok(Manifest::parse(text)?)
            }
            [_, _, ..] => Err(Refused::TwoManifests),
        }
    }

    fn check_exports(&self, manifest: &Manifest) -> Result<(), Refused> {
        let Some((_, kind, _)) = self.exports.iter().find(|(name, ..)| *name == export::MEMORY)
        else {
            return Err(if self.memory.is_none() {
                Refused::NoMemory
            } else {
                Refused::MissingExport { name: export::MEMORY }
            });
        };
        if *kind != ExternalKind::Memory {
            let seen = format!("{kind:?}").to_lowercase();
            let name = export::MEMORY.to_owned();
            return Err(Refused::WrongExport { name, wanted: "the memory", seen });
        }
        for (name, kind, index) in &self.exports {
            self.check_type(name, *kind, *index)?;
        }
        for name in wanted(manifest) {
            if !self.exports.iter().any(|(seen, ..)| *seen == name) {
                return Err(Refused::MissingExport { name });
            }
        }
        Ok(())
    }

    /// The type of an export that the contract names.
    fn check_type(&self, name: &str, kind: ExternalKind, index: u32) -> Result<(), Refused> {
        if !name.starts_with(OURS) {
            return Ok(());
        }
        let Some((_, wanted, params)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            return Err(Refused::UnknownExport { name: name.to_owned() });
        };
        let ty = match kind {
            ExternalKind::Func | ExternalKind::FuncExact => self
                .functions
                .get(index as usize)
                .and_then(|ty| self.types.get(*ty as usize))
                .filter(|ty| ty.params() != *params || ty.results() != [ValType::I32])
                .map(FuncType::to_string),
            ExternalKind::Table
            | ExternalKind::Memory
            | ExternalKind::Global
            | ExternalKind::Tag => Some(format!("a {kind:?}").to_lowercase()),
        };
        match ty {
            None => Ok(()),
            Some(seen) => Err(Refused::WrongExport { name: name.to_owned(), wanted, seen }),
        }
    }
}

/// What the contract's exports begin with.
const OURS: &str = "shrike_";

const NONE: &[ValType] = &[];
const GIVES: &str = "() -> i32";

/// The contract's functions, their type in words and their parameters.
const FUNCTIONS: [(&str, &str, &[ValType]); 7] = [
    (export::AREA, GIVES, NONE),
    (export::SETUP, GIVES, NONE),
    (export::ON_EVENT, GIVES, NONE),
    (export::JUDGE, GIVES, NONE),
    (export::STATE, GIVES, NONE),
    (export::SAVE, GIVES, NONE),
    (export::RESTORE, "(i32, i32) -> i32", &[ValType::I32, ValType::I32]),
];

/// Which functions a plug-in must have.
fn wanted(manifest: &Manifest) -> impl Iterator<Item = &'static str> {
    let answers = match manifest.kind {
        Kind::Strategy => export::ON_EVENT,
        Kind::RiskRule => export::JUDGE,
    };
    let state: &[&str] = match manifest.state {
        Some(_) => &[export::STATE, export::SAVE, export::RESTORE],
        None => &[],
    };
    [export::AREA, export::SETUP, answers].into_iter().chain(state.iter().copied())
}

fn validate(
    function: FuncToValidate<ValidatorResources>,
    body: &FunctionBody<'_>,
    spare: FuncValidatorAllocations,
) -> Result<FuncValidatorAllocations, Refused> {
    let mut validator = function.into_validator(spare);
    validator.validate(body).map_err(invalid)?;
    Ok(validator.into_allocations())
}

fn at_most(what: &'static str, count: u64, max: u64) -> Result<(), Refused> {
    if count > max { Err(Refused::TooMany { what, count, max }) } else { Ok(()) }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn invalid(error: BinaryReaderError) -> Refused {
    Refused::Invalid { offset: error.offset(), text: error.message().to_owned() }
}
