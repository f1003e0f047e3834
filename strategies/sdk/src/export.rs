//! Makes a plug-in of a type: the exports for WebAssembly, and the way in for [`Native`](crate::Native).
#![allow(
    unsafe_code,
    reason = "a module's exports and its one instance are statics that the host reaches by address"
)]

/// Makes a plug-in of a type in the crate's root. The forms:
///
/// ```text
/// sdk::export!(Hello);                              a strategy
/// sdk::export!(strategy Momentum, state);           ... that saves its state
/// sdk::export!(risk_rule ExposureCap);              a risk rule
/// sdk::export!(risk_rule LossStreak, events, state);   ... that sees events and saves its state
/// ```
///
/// For WebAssembly it declares the area, the instance, the exports, the section with the manifest
/// and a panic handler. Natively it declares nothing but an implementation of
/// [`Plugin`](crate::Plugin), so that any number of plug-ins can be linked into one program. The
/// compiler stops when the manifest names another kind, or a state that is not said here.
#[macro_export]
macro_rules! export {
    (strategy $plugin:ident) => {
        $crate::export!(@strategy $plugin, false);
    };
    (strategy $plugin:ident, state) => {
        $crate::export!(@strategy $plugin, true);
        $crate::export!(@state $plugin);
    };
    (risk_rule $plugin:ident) => {
        $crate::export!(@rule $plugin, false, |_, _| None);
    };
    (risk_rule $plugin:ident, state) => {
        $crate::export!(@rule $plugin, true, |_, _| None);
        $crate::export!(@state $plugin);
    };
    (risk_rule $plugin:ident, events) => {
        $crate::export!(@rule $plugin, false, $crate::export!(@watch));
        $crate::export!(@on_event $plugin);
    };
    (risk_rule $plugin:ident, events, state) => {
        $crate::export!(@rule $plugin, true, $crate::export!(@watch));
        $crate::export!(@on_event $plugin);
        $crate::export!(@state $plugin);
    };
    ($plugin:ident) => {
        $crate::export!(strategy $plugin);
    };

    (@watch) => {
        |plugin, area| Some($crate::calls::watch(plugin, area))
    };
    (@strategy $plugin:ident, $state:literal) => {
        $crate::export!(
            @plugin $plugin, $crate::Strategy, "strategy", $state,
            |plugin, area| Some($crate::calls::strategy(plugin, area)),
            |_, _| None
        );
        $crate::export!(@on_event $plugin);
    };
    (@rule $plugin:ident, $state:literal, $watch:expr) => {
        $crate::export!(
            @plugin $plugin, $crate::RiskRule, "risk_rule", $state,
            $watch,
            |plugin, area| Some($crate::calls::judge(plugin, area))
        );
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "an export of the module")]
        #[unsafe(no_mangle)]
        extern "C" fn shrike_judge() -> i32 {
            SHRIKE.call(|plugin, area| <$plugin as $crate::Plugin>::call_judge(plugin, area))
        }
    };
    (
        @plugin $plugin:ident, $kind:path, $word:literal, $state:literal, $on_event:expr, $judge:expr
    ) => {
        const _: () =
            $crate::manifest::check(<$plugin as $kind>::MANIFEST, $word, $state);

        impl $crate::Plugin for $plugin {
            const MANIFEST: &'static str = <$plugin as $kind>::MANIFEST;

            #[inline]
            fn call_setup(&mut self, area: &mut [u8; $crate::abi::area::SIZE]) -> i32 {
                $crate::calls::setup(area, |setup| <$plugin as $kind>::setup(self, setup))
            }

            #[inline]
            fn call_on_event(
                &mut self,
                area: &mut [u8; $crate::abi::area::SIZE],
            ) -> ::core::option::Option<i32> {
                $crate::calls::run(self, area, $on_event)
            }

            #[inline]
            fn call_judge(
                &mut self,
                area: &mut [u8; $crate::abi::area::SIZE],
            ) -> ::core::option::Option<i32> {
                $crate::calls::run(self, area, $judge)
            }

            fn call_save(&self, state: &mut [u8]) -> i32 {
                $crate::calls::saved(<$plugin as $kind>::save(self, state))
            }

            fn call_restore(&mut self, version: u32, from: &[u8]) -> i32 {
                $crate::calls::restored(<$plugin as $kind>::restore(self, version, from))
            }
        }

        #[cfg(target_arch = "wasm32")]
        static SHRIKE: $crate::Instance<
            $plugin,
            { $crate::manifest::state_bytes(<$plugin as $crate::Plugin>::MANIFEST) },
        > = $crate::Instance::new();

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "the section that the host reads the manifest from")]
        #[unsafe(link_section = "shrike")]
        static SHRIKE_MANIFEST: [u8; <$plugin as $crate::Plugin>::MANIFEST.len()] =
            $crate::calls::bytes(<$plugin as $crate::Plugin>::MANIFEST);

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "an export of the module")]
        #[unsafe(no_mangle)]
        extern "C" fn shrike_area() -> i32 {
            SHRIKE.area()
        }

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "an export of the module")]
        #[unsafe(no_mangle)]
        extern "C" fn shrike_setup() -> i32 {
            SHRIKE.call(|plugin, area| {
                Some(<$plugin as $crate::Plugin>::call_setup(plugin, area))
            })
        }

        #[cfg(all(target_arch = "wasm32", not(test)))]
        #[panic_handler]
        fn shrike_panic(_: &::core::panic::PanicInfo<'_>) -> ! {
            ::core::arch::wasm32::unreachable()
        }
    };
    (@on_event $plugin:ident) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "an export of the module")]
        #[unsafe(no_mangle)]
        extern "C" fn shrike_on_event() -> i32 {
            SHRIKE.call(|plugin, area| <$plugin as $crate::Plugin>::call_on_event(plugin, area))
        }
    };
    (@state $plugin:ident) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "an export of the module")]
        #[unsafe(no_mangle)]
        extern "C" fn shrike_state() -> i32 {
            SHRIKE.state()
        }

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "an export of the module")]
        #[unsafe(no_mangle)]
        extern "C" fn shrike_save() -> i32 {
            SHRIKE.save()
        }

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "an export of the module")]
        #[unsafe(no_mangle)]
        extern "C" fn shrike_restore(version: i32, len: i32) -> i32 {
            SHRIKE.restore(version, len)
        }
    };
}

#[cfg(target_arch = "wasm32")]
pub use wasm::Instance;

#[cfg(target_arch = "wasm32")]
mod wasm {
    use core::cell::{Cell, UnsafeCell};
    use core::mem::MaybeUninit;

    use abi::area::SIZE;

    use crate::plugin::{Area, Plugin};

    /// A module's one plug-in with its area and its buffer for `STATE` bytes.
    #[derive(Debug)]
    pub struct Instance<P, const STATE: usize> {
        begun: Cell<bool>,
        plugin: UnsafeCell<MaybeUninit<P>>,
        area: UnsafeCell<Aligned>,
        state: UnsafeCell<[u8; STATE]>,
    }

    #[derive(Debug)]
    #[repr(C, align(8))]
    struct Aligned(Area);

    // SAFETY: a module without threads has one stack, and no export calls another one or the
    // host, so no two calls ever overlap.
    unsafe impl<P, const STATE: usize> Sync for Instance<P, STATE> {}

    /// Once, and outside of the exports.
    #[cold]
    #[inline(never)]
    fn begin<P: Plugin>(plugin: &mut MaybeUninit<P>) {
        plugin.write(P::default());
    }

    impl<P: Plugin, const STATE: usize> Instance<P, STATE> {
        /// Without a plug-in until the first call, so that its memory begins as zeros, which a
        /// module need not carry.
        #[expect(clippy::new_without_default, reason = "only a static is made of it")]
        pub const fn new() -> Self {
            Self {
                begun: Cell::new(false),
                plugin: UnsafeCell::new(MaybeUninit::uninit()),
                area: UnsafeCell::new(Aligned([0; SIZE])),
                state: UnsafeCell::new([0; STATE]),
            }
        }

        /// Where the area stands.
        pub fn area(&self) -> i32 {
            self.area.get().addr() as i32
        }

        /// Where the buffer for the state stands.
        pub fn state(&self) -> i32 {
            self.state.get().addr() as i32
        }

        /// Runs an export over the area.
        #[inline(always)]
        pub fn call(&self, run: impl FnOnce(&mut P, &mut Area) -> Option<i32>) -> i32 {
            // SAFETY: calls do not overlap, as above, and nothing keeps a reference between them.
            let area = unsafe { &mut *self.area.get() };
            run(self.plugin(), &mut area.0).unwrap_or(-1)
        }

        /// Saves to the buffer.
        pub fn save(&self) -> i32 {
            // SAFETY: as in `call`.
            self.plugin().call_save(unsafe { &mut *self.state.get() })
        }

        /// Restores from the buffer.
        pub fn restore(&self, version: i32, len: i32) -> i32 {
            // SAFETY: as in `call`.
            let state = unsafe { &*self.state.get() };
            match usize::try_from(len).ok().and_then(|len| state.get(..len)) {
                Some(state) => self.plugin().call_restore(version as u32, state),
                None => 1,
            }
        }

        #[inline(always)]
        #[expect(clippy::mut_from_ref, reason = "calls do not overlap")]
        fn plugin(&self) -> &mut P {
            // SAFETY: calls do not overlap, and each export takes the plug-in once.
            let plugin = unsafe { &mut *self.plugin.get() };
            if !self.begun.replace(true) {
                begin(plugin);
            }
            // SAFETY: `begin` wrote it, just now or before.
            unsafe { plugin.assume_init_mut() }
        }
    }
}
