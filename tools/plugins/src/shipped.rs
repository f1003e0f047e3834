//! The plug-ins that come with the program.

use abi::Guest;
use host::Manifest;
use model::VenueKey;
use sdk::Native;

/// A plug-in that comes with the program.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The text of its manifest.
    pub manifest: &'static str,
    /// Its module, as the repository holds it.
    #[cfg(feature = "wasm")]
    pub wasm: &'static [u8],
    make: fn() -> Box<dyn Guest>,
}

/// A plug-in of this workspace, natively linked and as its module.
macro_rules! shipped {
    ($plugin:ty, $folder:literal) => {
        Shipped {
            name: Native::<$plugin>::NAME,
            version: Native::<$plugin>::VERSION,
            manifest: Native::<$plugin>::manifest(),
            #[cfg(feature = "wasm")]
            wasm: include_bytes!(concat!("../../../strategies/", $folder, "/", $folder, ".wasm")),
            make: || Box::new(Native::<$plugin>::new()),
        }
    };
}

/// All of them.
pub static SHIPPED: [Shipped; 5] = [
    shipped!(exposure_cap::ExposureCap, "exposure_cap"),
    shipped!(hello::Hello, "hello"),
    shipped!(listing_sniper::ListingSniper, "listing_sniper"),
    shipped!(loss_streak::LossStreak, "loss_streak"),
    shipped!(momentum::Momentum, "momentum"),
];

impl Shipped {
    /// The one of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        SHIPPED.iter().find(|shipped| shipped.name == name)
    }

    /// The one whose natively linked twin has this hash.
    pub fn find_native(hash: u128) -> Option<&'static Self> {
        SHIPPED.iter().find(|shipped| shipped.native_hash() == hash)
    }

    /// The one whose module has this hash.
    #[cfg(feature = "wasm")]
    pub fn find_module(hash: u128) -> Option<&'static Self> {
        SHIPPED.iter().find(|shipped| shipped.module_hash() == hash)
    }

    /// What permits name its module by.
    #[cfg(feature = "wasm")]
    pub fn module_hash(&self) -> u128 {
        crate::library::short(&host::wasm::module_hash(self.wasm))
    }

    /// What permits name it by when it is linked natively: the hash of `native:NAME@VERSION`.
    pub fn native_hash(&self) -> u128 {
        VenueKey::of(format!("native:{}@{}", self.name, self.version).as_bytes()).0
    }

    /// A new instance, linked natively.
    pub fn native(&self) -> Box<dyn Guest> {
        (self.make)()
    }

    /// What it says about itself.
    ///
    /// # Panics
    /// When the shipped manifest is none: a mistake of ours that the first test shows.
    pub fn manifest(&self) -> Manifest {
        match Manifest::parse(self.manifest) {
            Ok(manifest) => manifest,
            Err(error) => unreachable!("the manifest of {}: {error}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_manifest_says_the_name_that_it_is_found_by() {
        for shipped in &SHIPPED {
            let manifest = shipped.manifest();
            assert_eq!(
                (manifest.name.as_str(), manifest.version.as_str()),
                (shipped.name, shipped.version)
            );
            assert!(std::ptr::eq(Shipped::find(shipped.name).unwrap(), shipped));
        }
    }
}
