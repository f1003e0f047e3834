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
    make: fn() -> Box<dyn Guest>,
}

/// All of them.
pub static SHIPPED: [Shipped; 5] = [
    shipped::<exposure_cap::ExposureCap>(),
    shipped::<hello::Hello>(),
    shipped::<listing_sniper::ListingSniper>(),
    shipped::<loss_streak::LossStreak>(),
    shipped::<momentum::Momentum>(),
];

const fn shipped<P: sdk::Plugin + Send + 'static>() -> Shipped {
    Shipped {
        name: Native::<P>::NAME,
        version: Native::<P>::VERSION,
        manifest: Native::<P>::manifest(),
        make: || Box::new(Native::<P>::new()),
    }
}

impl Shipped {
    /// The one of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        SHIPPED.iter().find(|shipped| shipped.name == name)
    }

    /// The one whose natively linked twin has this hash.
    pub fn find_native(hash: u128) -> Option<&'static Self> {
        SHIPPED.iter().find(|shipped| shipped.native_hash() == hash)
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
