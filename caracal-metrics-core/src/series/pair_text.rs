//! The bytes of the `LabelPair` fields of a family before the values of labels. They are created once.

use crate::description::Description;
use crate::wire::{begin_bytes, text_field, write_labels};

#[derive(Debug)]
pub(crate) struct PairText {
    /// Sorted by name. Empty if a row may lack some labels, or if there are no labels.
    pub(crate) pairs: Box<[Pair]>,
}

/// A pair, or its part before a value of the row.
#[derive(Debug)]
pub(crate) enum Pair {
    /// The whole field.
    Added(Vec<u8>),
    /// The index among the labels of the family, and the fields of the pair up to the length of its value.
    Own(usize, Vec<u8>),
}

impl PairText {
    pub(super) fn of(description: &Description, added: &[(&str, &str)]) -> Self {
        let labels = &description.labels;
        let mut pairs = Vec::new();
        if !labels.iter().any(|label| label.is_optional()) {
            for (place, label) in labels.iter().enumerate() {
                let mut fields = Vec::new();
                text_field(1, label.name, &mut fields);
                begin_bytes(2, 0, &mut fields);
                // The length belongs to the value.
                fields.pop();
                pairs.push((label.name, Pair::Own(place, fields)));
            }
            for (name, value) in added {
                let mut pair = Vec::new();
                write_labels(1, [(*name, *value)], &mut pair);
                pairs.push((*name, Pair::Added(pair)));
            }
        }
        pairs.sort_unstable_by_key(|(name, _)| *name);
        Self { pairs: pairs.into_iter().map(|(_, pair)| pair).collect() }
    }

    /// Estimates the length of the fields of a row, without the values of its own labels.
    pub(crate) fn about_bytes(&self) -> usize {
        // The key and the length of a pair, and the length of its value.
        const OTHERS: usize = 3;
        let fields = self.pairs.iter().map(|pair| match pair {
            Pair::Added(pair) => pair.len(),
            Pair::Own(_, fields) => fields.len() + OTHERS,
        });
        fields.sum()
    }
}
