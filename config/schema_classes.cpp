// Owns: the keys of classes and kinds of relations and of what they hold. Leaves to cmdb/: what they mean.
#include "config/schema_units.hpp"

namespace muster::config {

namespace {

using enum KeyKind;

constexpr KeySpec class_keys[] = {
    {.name = "name",
     .kind = name,
     .summary = "Small letters, digits and `_`; unique among classes.",
     .required = true},
    {"extend",
     boolean,
     "Adds to the class of this name that Muster ships; what is left out stays as shipped.",
     "false"},
    {"parent",
     text,
     "The class whose attributes, keys and settings it inherits.",
     "configuration_item"},
    {"abstract", boolean, "Whether nothing is of this class itself.", "false"},
    {"label", map, "Its name for people; without it, the name."},
    {"icon", text, "Name of a drawing; without it, the parent's."},
    {.name = "criticality",
     .kind = choice,
     .summary = "Impact of incidents on it; without it, the parent's.",
     .choices = "high|medium|low"},
    {"patience",
     duration,
     "How long it may be unseen before it is retired, 0s: not at all; without it, the parent's.",
     {},
     0 * ms,
     3650 * day},
    {"precedence",
     integer,
     "From 60 on it is part of something, whose name alone means the whole; without it, the "
     "parent's.",
     {},
     1,
     1000},
    {"attributes", list_of_maps, "What is known of one, beside what is inherited."},
    {"identification", list_of_maps, "The keys that tell one from another, beside the inherited."},
};

constexpr KeySpec attribute_keys[] = {
    {.name = "name",
     .kind = name,
     .summary = "Small letters, digits and `_`; an inherited one keeps its type and unit.",
     .required = true},
    {.name = "type",
     .kind = choice,
     .summary = "What its values are.",
     .default_text = "text",
     .choices = "text|integer|number|boolean|date"},
    {"unit", text, "Of numbers: `bytes`, `bit/s`."},
    {"values", text_list, "The values there are; without it, any."},
    {"label", map, "Its name for people; without it, the name."},
};

constexpr KeySpec identification_keys[] = {
    {.name = "namespace",
     .kind = name,
     .summary =
         "Whose names these are. `parent`: counts within the thing it is a part of; `space`: "
         "within the site's addresses.",
     .required = true},
    {.name = "kind",
     .kind = name,
     .summary = "What it is: `serial`, `uuid`, `mac`, `name`.",
     .required = true},
    {.name = "rank",
     .kind = integer,
     .summary = "1 is the strongest.",
     .least = 1,
     .most = 99,
     .required = true},
    {.name = "values",
     .kind = choice,
     .summary = "`single`: two are a contradiction; `many`: it may have several; `renewed`: one at "
                "a time.",
     .default_text = "single",
     .choices = "single|many|renewed"},
    {"of",
     text_list,
     "Attributes whose values, joined by `/`, are the key; `class` stands for the kind. Without "
     "it, a source must say the key."},
};

constexpr KeySpec label_keys[] = {
    {"en", text, "In English."},
    {"zh", text, "In Chinese; without it, the English one."},
};

constexpr KeySpec relation_type_keys[] = {
    {.name = "name",
     .kind = name,
     .summary = "Read \"from … to\": `runs_on`; small letters, digits and `_`.",
     .required = true},
    {"extend",
     boolean,
     "Adds `pairs` to the kind of this name that Muster ships; the rest is as shipped.",
     "false"},
    {"label", map, "Its name for people; without it, the name."},
    {"reverse", map, "How it is read the other way; not with `extend`, else required."},
    {.name = "parent",
     .kind = choice,
     .summary = "Which end identifies the other, where the other counts within it.",
     .choices = "from|to"},
    {.name = "pairs",
     .kind = list_of_maps,
     .summary = "The classes it may join, each with all below it.",
     .required = true},
    {"impact", map, "How failure travels along it; without it, not at all."},
};

constexpr KeySpec reverse_keys[] = {
    {.name = "name", .kind = name, .summary = "Such as `runs`.", .required = true},
    {"en", text, "In English; without it, the name."},
    {"zh", text, "In Chinese; without it, the English one."},
};

constexpr KeySpec pair_keys[] = {
    {.name = "from", .kind = name, .summary = "A class.", .required = true},
    {.name = "to", .kind = name, .summary = "A class.", .required = true},
};

constexpr KeySpec impact_keys[] = {
    {.name = "travels",
     .kind = choice,
     .summary = "`from_to`: what the first loses, the second loses.",
     .default_text = "none",
     .choices = "none|from_to|to_from"},
    {.name = "redundancy",
     .kind = choice,
     .summary = "`members`: those on the failing side may stand in for each other.",
     .default_text = "none",
     .choices = "none|members"},
};

}  // namespace

namespace schema {

constinit const std::span<const KeySpec> ci_class = class_keys;
constinit const std::span<const KeySpec> class_attribute = attribute_keys;
constinit const std::span<const KeySpec> class_identification = identification_keys;
constinit const std::span<const KeySpec> label = label_keys;
constinit const std::span<const KeySpec> relation_type = relation_type_keys;
constinit const std::span<const KeySpec> relation_reverse = reverse_keys;
constinit const std::span<const KeySpec> relation_pair = pair_keys;
constinit const std::span<const KeySpec> relation_impact = impact_keys;

}  // namespace schema

}  // namespace muster::config
