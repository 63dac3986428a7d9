//! The documents of the stock client and more, against the built schema.
