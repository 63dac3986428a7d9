//! Names for runs that were given none: an adjective and an animal.

const ADJECTIVES: &[&str] = &[
    "able", "agile", "alert", "amber", "ample", "apt", "astute", "avid", "bold", "brave", "bright", "brisk",
    "calm", "candid", "clever", "cosmic", "crisp", "daring", "deft", "eager", "early", "elated", "fair",
    "famous", "fleet", "fond", "frank", "gentle", "glad", "golden", "grand", "handy", "happy", "hardy",
    "honest", "humble", "ideal", "jolly", "keen", "kind", "lively", "loyal", "lucid", "lucky", "merry",
    "mighty", "modest", "neat", "nimble", "noble", "patient", "placid", "polite", "proud", "prudent",
    "quick", "quiet", "rapid", "ready", "robust", "sage", "serene", "sharp", "silent", "smart", "solid",
    "sound", "spry", "stable", "steady", "strong", "subtle", "sunny", "swift", "tender", "tidy", "true",
    "upbeat", "valiant", "vivid", "warm", "wise", "witty", "zesty",
];

const ANIMALS: &[&str] = &[
    "badger", "beaver", "bison", "bobcat", "buzzard", "camel", "caribou", "cheetah", "civet", "condor",
    "cougar", "coyote", "crane", "curlew", "dingo", "dolphin", "eagle", "egret", "elk", "ermine", "falcon",
    "ferret", "finch", "fox", "gannet", "gazelle", "gecko", "gibbon", "goshawk", "grouse", "hare", "heron",
    "hornbill", "hoopoe", "ibex", "ibis", "impala", "jackal", "jaguar", "jay", "kestrel", "kite", "koala",
    "lark", "lemur", "leopard", "lynx", "magpie", "mallard", "marmot", "marten", "merlin", "mongoose",
    "moose", "newt", "ocelot", "okapi", "oriole", "osprey", "otter", "owl", "panda", "pelican", "petrel",
    "plover", "puffin", "puma", "quail", "raccoon", "raven", "robin", "salmon", "serval", "shrike", "skua",
    "sparrow", "stoat", "stork", "swallow", "tapir", "teal", "tern", "thrush", "toucan", "viper", "vole",
    "walrus", "weasel", "wombat", "wren", "yak", "zebra",
];

/// A name such as `brisk-otter`, chosen by 64 random bits.
pub fn two_words(random: u64) -> String {
    let pick = |words: &[&'static str], bits: u64| {
        let index = usize::try_from(bits % words.len() as u64).unwrap_or_default();
        words[index]
    };
    format!("{}-{}", pick(ADJECTIVES, random & 0xffff_ffff), pick(ANIMALS, random >> 32))
}
