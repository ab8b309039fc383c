//! The macro that declares labels.

/// Declares the labels of families.
///
/// An enum is a closed label. Each variant has the value that you write after it. A struct is a set of labels:
/// each field is a label with the name and the type of the field.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::{Counter, Family, labels};
///
/// labels! {
///     /// How an order was paid.
///     pub enum Payment { Card => "card", Invoice => "invoice" }
///
///     /// The labels of an order.
///     pub struct Order<'a> {
///         payment: Payment,
///         /// A label whose name is a keyword of Rust needs another field name.
///         kind as "type": &'a str,
///     }
/// }
///
/// static ORDERS_PLACED: Family<Counter, Order<'_>> =
///     Family::counter("shop_orders_placed_total", "Orders placed.");
/// ```
///
/// Fields have types that implement [`Label`](crate::Label). The labels on the page have the order of the
/// fields.
#[macro_export]
macro_rules! labels {
    () => {};
    (
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident => $text:literal ),+ $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $visibility enum $name { $( $(#[$variant_meta])* $variant, )+ }

        impl $name {
            /// All values, in order.
            $visibility const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// Returns the value of the label.
            #[must_use]
            $visibility const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::Label for $name {
            const VALUES: $crate::LabelValues = $crate::LabelValues::Closed(&[ $( $text, )+ ]);

            #[inline]
            fn index(self) -> u32 {
                self as u32
            }
        }

        $crate::labels! { $($rest)* }
    };
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident {
            $( $(#[$field_meta:meta])* $field_visibility:vis
               $field:ident $(as $label:literal)? : $type:ty ),+ $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        #[allow(clippy::struct_field_names, reason = "the fields have the names of the labels")]
        $visibility struct $name {
            $( $(#[$field_meta])* $field_visibility $field: $type, )+
        }

        $crate::labels! { @set [] $name [] { $( $field [$($label)?] $type, )+ } }

        impl $crate::Labels for $name {
            type Of<'a> = $name;
        }

        $crate::labels! { @registered $name }

        $crate::labels! { $($rest)* }
    };
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident<$text:lifetime> {
            $( $(#[$field_meta:meta])* $field_visibility:vis
               $field:ident $(as $label:literal)? : $type:ty ),+ $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        #[allow(clippy::struct_field_names, reason = "the fields have the names of the labels")]
        $visibility struct $name<$text> {
            $( $(#[$field_meta])* $field_visibility $field: $type, )+
        }

        $crate::labels! { @set [<$text>] $name [<$text>] { $( $field [$($label)?] $type, )+ } }

        impl $crate::Labels for $name<'static> {
            type Of<$text> = $name<$text>;
        }

        $crate::labels! { @registered $name<'static> }

        $crate::labels! { $($rest)* }
    };
    (
        @set [$($generics:tt)*] $name:ident [$($arguments:tt)*]
        { $( $field:ident [$($label:literal)?] $type:ty, )+ }
    ) => {
        impl $($generics)* $crate::LabelSet for $name $($arguments)* {
            const SPECS: &'static [$crate::LabelSpec] = &[ $(
                $crate::LabelSpec::of::<$type>($crate::labels!(@name $field $($label)?)),
            )+ ];

            #[inline]
            fn closed(&self) -> u32 {
                let packed = 0;
                $( let packed = $crate::__private::pack::<$type>(packed, self.$field); )+
                packed
            }

            #[inline]
            fn open<const OPEN: usize>(&self) -> [&str; OPEN] {
                let mut values = [""; OPEN];
                let mut place = 0;
                $( $crate::__private::put::<$type, OPEN>(&self.$field, &mut values, &mut place); )+
                let _ = place;
                values
            }
        }
    };
    (@registered $type:ty) => {
        impl $crate::Registered for $type {
            type Handle<K: $crate::Kind> = $crate::Metric<K, Self>;

            #[inline]
            fn handle<K: $crate::Kind>(metric: $crate::Metric<K, Self>) -> $crate::Metric<K, Self> {
                metric
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $label:literal) => { $label };
}
