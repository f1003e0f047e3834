//! The two kinds of plug-in, and the way in that both share.

use abi::area::{OUTPUT, SIZE};
use abi::export::Answer;

use crate::desk::{Desk, Notes, OUTPUT_LEN};
use crate::rule::{Question, Verdict};
use crate::scene::Scene;
use crate::setup::{Refuse, Setup};

/// A strategy: says which openings are worth an entry, and when.
pub trait Strategy: Default + Send + 'static {
    /// The text of `plugin.toml`.
    const MANIFEST: &'static str;

    /// Called before anything else, and again when a parameter or the operator's plan changed.
    ///
    /// # Errors
    /// [`Refuse`] when it will not run like that.
    fn setup(&mut self, setup: &Setup) -> Result<(), Refuse> {
        let _ = setup;
        Ok(())
    }

    /// Looks at one scene: the last event of each frame, after the engine applied it.
    fn on_event(&mut self, scene: &Scene<'_>, desk: &mut Desk<'_>);

    /// Writes its state, which has the manifest's version; how many bytes, or `None` when it has
    /// nothing to carry over.
    fn save(&self, to: &mut [u8]) -> Option<usize> {
        let _ = to;
        None
    }

    /// Takes a state that was saved under a manifest with that version; whether it understood it.
    /// Otherwise it begins anew, and must be as new.
    fn restore(&mut self, version: u32, from: &[u8]) -> bool {
        let _ = (version, from);
        false
    }
}

/// A risk rule: may shrink or refuse a buy that the native limits let through.
pub trait RiskRule: Default + Send + 'static {
    /// The text of `plugin.toml`.
    const MANIFEST: &'static str;

    /// As [`Strategy::setup`].
    ///
    /// # Errors
    /// As there.
    fn setup(&mut self, setup: &Setup) -> Result<(), Refuse> {
        let _ = setup;
        Ok(())
    }

    /// Judges one buy.
    fn judge(&mut self, question: &Question) -> Verdict;

    /// Looks at one scene; only with `events` in [`export!`](crate::export).
    fn on_event(&mut self, scene: &Scene<'_>, notes: &mut Notes<'_>) {
        let _ = (scene, notes);
    }

    /// As [`Strategy::save`].
    fn save(&self, to: &mut [u8]) -> Option<usize> {
        let _ = to;
        None
    }

    /// As [`Strategy::restore`].
    fn restore(&mut self, version: u32, from: &[u8]) -> bool {
        let _ = (version, from);
        false
    }
}

/// Bytes that a plug-in and the host both know.
pub(crate) type Area = [u8; SIZE];

/// Either kind, from the area's side. [`export!`](crate::export) implements it.
pub trait Plugin: Default + Send + 'static {
    /// The text of `plugin.toml`.
    const MANIFEST: &'static str;

    #[doc(hidden)]
    fn call_setup(&mut self, area: &mut [u8; SIZE]) -> i32;

    /// `None` when it has no such export.
    #[doc(hidden)]
    fn call_on_event(&mut self, area: &mut [u8; SIZE]) -> Option<i32>;

    /// `None` when it has no such export.
    #[doc(hidden)]
    fn call_judge(&mut self, area: &mut [u8; SIZE]) -> Option<i32>;

    #[doc(hidden)]
    fn call_save(&self, state: &mut [u8]) -> i32;

    #[doc(hidden)]
    fn call_restore(&mut self, version: u32, from: &[u8]) -> i32;
}

#[inline(always)]
fn split(area: &mut Area) -> (&[u8; OUTPUT], &mut [u8; OUTPUT_LEN]) {
    let (input, output) = area.split_at_mut(OUTPUT);
    match (input.first_chunk(), output.first_chunk_mut()) {
        (Some(input), Some(output)) => (input, output),
        _ => unreachable!(),
    }
}

/// Calls that [`export!`](crate::export) makes. Each is inlined into the export that makes it.
#[doc(hidden)]
pub mod calls {
    use super::{
        Answer, Area, Desk, Notes, Question, Refuse, RiskRule, Scene, Setup, Strategy, split,
    };

    #[inline(always)]
    pub fn setup(area: &mut Area, take: impl FnOnce(&Setup) -> Result<(), Refuse>) -> i32 {
        match take(&Setup::read(split(area).0)) {
            Ok(()) => 0,
            Err(Refuse(number)) => -i32::from(number.max(1)),
        }
    }

    #[inline(always)]
    pub fn strategy(plugin: &mut impl Strategy, area: &mut Area) -> i32 {
        let (input, output) = split(area);
        let mut desk = Desk::new(output);
        plugin.on_event(&Scene::new(input), &mut desk);
        Answer::pack(desk.answer())
    }

    #[inline(always)]
    pub fn watch(plugin: &mut impl RiskRule, area: &mut Area) -> i32 {
        let (input, output) = split(area);
        let mut notes = Notes::new(output);
        plugin.on_event(&Scene::new(input), &mut notes);
        Answer::pack(notes.answer())
    }

    #[inline(always)]
    pub fn judge(plugin: &mut impl RiskRule, area: &mut Area) -> i32 {
        let (input, output) = split(area);
        plugin.judge(&Question::read(input)).write(output)
    }

    /// Gives the closure the types that its author leaves out.
    #[inline(always)]
    pub fn run<P>(
        plugin: &mut P,
        area: &mut Area,
        call: impl FnOnce(&mut P, &mut Area) -> Option<i32>,
    ) -> Option<i32> {
        call(plugin, area)
    }

    /// A text as the bytes of a static.
    pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
        match text.as_bytes().first_chunk() {
            Some(bytes) => *bytes,
            None => [0; N],
        }
    }

    #[inline(always)]
    pub fn saved(len: Option<usize>) -> i32 {
        len.and_then(|len| i32::try_from(len).ok()).unwrap_or(-1)
    }

    #[inline(always)]
    pub fn restored(understood: bool) -> i32 {
        i32::from(!understood)
    }
}
