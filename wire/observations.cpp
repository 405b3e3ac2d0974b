#include "wire/observations.hpp"

#include "base/bytes.hpp"
#include "wire/varint.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace muster::wire {

namespace {

// Fields of observations.proto. A test holds this codec against the generated one.
namespace field {
constexpr std::uint32_t run = 1;
constexpr std::uint32_t full = 2;
constexpr std::uint32_t items = 3;
constexpr std::uint32_t relations = 4;
constexpr std::uint32_t lacking = 5;

constexpr std::uint32_t object = 1;
constexpr std::uint32_t ci_class = 2;
constexpr std::uint32_t keys = 3;
constexpr std::uint32_t attributes = 4;
constexpr std::uint32_t observed = 5;

constexpr std::uint32_t space = 1;
constexpr std::uint32_t kind = 2;
constexpr std::uint32_t key_value = 3;

constexpr std::uint32_t name = 1;
constexpr std::uint32_t value = 2;

constexpr std::uint32_t from = 1;
constexpr std::uint32_t to = 2;
constexpr std::uint32_t type = 3;
}  // namespace field

// Wire types (protobuf encoding guide, "Message Structure").
constexpr std::uint32_t type_varint = 0;
constexpr std::uint32_t type_fixed64 = 1;
constexpr std::uint32_t type_bytes = 2;
constexpr std::uint32_t type_fixed32 = 5;

constexpr std::size_t text_limit = ObservationLimits{}.text_bytes;

constexpr std::uint32_t tag(std::uint32_t number, std::uint32_t type) {
    return number << 3 | type;
}

Failure corrupt(std::string what) {
    return failure(ErrorKind::corrupt, std::move(what), "observations");
}

// --- writing ---

void put_bytes(std::string& out, std::uint32_t number, std::string_view bytes) {
    append_varint(out, tag(number, type_bytes));
    append_varint(out, bytes.size());
    out.append(bytes);
}

/// Empty texts are not sent (proto3). What a device said may be anything: what is sent is valid UTF-8.
void put_text(std::string& out, std::uint32_t number, std::string_view text) {
    if (!text.empty()) {
        put_bytes(out, number, printable(text, text_limit));
    }
}

void put_number(std::string& out, std::uint32_t number, std::uint64_t value) {
    if (value != 0) {
        append_varint(out, tag(number, type_varint));
        append_varint(out, value);
    }
}

/// The text itself where it is printable, else each other byte as \xNN, so that unreadable keys stay different ones.
std::string key_text(std::string_view text) {
    std::string plain = printable(text, text_limit);
    if (plain == text) {
        return plain;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char byte : text) {
        if (byte >= 0x20 && byte < 0x7F && byte != '\\') {
            out += byte;
            continue;
        }
        const auto number = static_cast<std::uint8_t>(byte);
        out += {'\\', 'x', digits[number >> 4U], digits[number & 15U]};
    }
    return out.substr(0, text_limit);
}

std::string key_bytes(const ObservedKey& key) {
    std::string out;
    put_text(out, field::space, key.space);
    put_text(out, field::kind, key.kind);
    put_text(out, field::key_value, key_text(key.value));
    return out;
}

std::string item_bytes(const ObservedItem& item) {
    std::string out;
    put_text(out, field::object, item.object);
    put_text(out, field::ci_class, item.ci_class);
    for (const ObservedKey& key : item.keys) {
        put_bytes(out, field::keys, key_bytes(key));
    }
    for (const auto& [name, value] : item.attributes) {
        std::string entry;
        put_text(entry, field::name, name);
        put_text(entry, field::value, value);
        put_bytes(out, field::attributes, entry);
    }
    if (const std::int64_t observed = to_ns(item.observed); observed != 0) {
        append_varint(out, tag(field::observed, type_fixed64));
        put_u64(out, static_cast<std::uint64_t>(observed));
    }
    return out;
}

// --- reading ---

/// One field of a message: a number or bytes, never both.
struct Field {
    std::uint32_t number = 0;
    std::uint32_t type = type_varint;
    std::uint64_t value = 0;
    std::string_view bytes;

    bool is(std::uint32_t wanted, std::uint32_t wanted_type) const {
        return number == wanted && type == wanted_type;
    }
};

bool next_field(ByteReader& reader, Field& out) {
    std::uint64_t read = 0;
    if (!reader.varint(read) || read > 0xffff'ffffU || read >> 3 == 0) {
        return false;
    }
    out.number = static_cast<std::uint32_t>(read >> 3);
    out.type = static_cast<std::uint32_t>(read & 7U);
    switch (out.type) {
        case type_varint:
            return reader.varint(out.value);
        case type_bytes:
            return reader.bytes(out.bytes);
        case type_fixed32:
            return reader.fixed(4, out.bytes);
        case type_fixed64:
            if (!reader.fixed(8, out.bytes)) {
                return false;
            }
            out.value = load_u64(out.bytes.data());
            return true;
        default:
            return false;
    }
}

/// Calls `take(field)` for each field of `bytes` until it fails; `what` names the message in the error.
template <class Take>
Status each_field(std::string_view bytes, std::string_view what, Take take) {
    ByteReader reader(bytes);
    Field next;
    while (!reader.empty()) {
        if (!next_field(reader, next)) {
            return corrupt(std::string(what) + " is cut off or malformed");
        }
        if (Status taken = take(next); !taken) {
            return taken;
        }
    }
    return {};
}

/// Everything found so far, against what is allowed.
class Reading {
  public:
    explicit Reading(const ObservationLimits& limits) : limits_(limits) {}

    Status read(std::string_view payload);
    Status check() const;

    Observations take() { return std::move(out_); }

  private:
    Status read_text(const Field& from, std::string& text) const;
    Status read_key(std::string_view bytes, ObservedItem& item);
    Status read_attribute(std::string_view bytes, ObservedItem& item);
    Status read_item(std::string_view bytes);
    Status read_relation(std::string_view bytes);
    Status count_fact();

    const ObservationLimits& limits_;
    Observations out_;
    std::size_t facts_ = 0;
};

Status Reading::read_text(const Field& from, std::string& text) const {
    if (from.bytes.size() > limits_.text_bytes) {
        return corrupt("a text is longer than " + std::to_string(limits_.text_bytes) + " bytes");
    }
    text = printable(from.bytes, limits_.text_bytes);
    return {};
}

Status Reading::count_fact() {
    return ++facts_ <= limits_.facts
               ? Status{}
               : corrupt(
                     "more than " + std::to_string(limits_.facts) + " keys and attributes in all"
                 );
}

Status Reading::read_key(std::string_view bytes, ObservedItem& item) {
    if (item.keys.size() >= limits_.keys_an_item) {
        return corrupt("an item has more than " + std::to_string(limits_.keys_an_item) + " keys");
    }
    ObservedKey key;
    Status read = each_field(bytes, "a key", [&](const Field& next) -> Status {
        if (next.is(field::space, type_bytes)) {
            return read_text(next, key.space);
        }
        if (next.is(field::kind, type_bytes)) {
            return read_text(next, key.kind);
        }
        if (next.is(field::key_value, type_bytes)) {
            Status fits = read_text(next, key.value);
            key.value = key_text(next.bytes);
            return fits;
        }
        return {};
    });
    if (read && (key.kind.empty() || key.value.empty())) {
        return corrupt("a key has no kind or no value");
    }
    item.keys.push_back(std::move(key));
    return read ? count_fact() : read;
}

Status Reading::read_attribute(std::string_view bytes, ObservedItem& item) {
    std::string name;
    std::string value;
    Status read = each_field(bytes, "an attribute", [&](const Field& next) -> Status {
        if (next.is(field::name, type_bytes)) {
            return read_text(next, name);
        }
        return next.is(field::value, type_bytes) ? read_text(next, value) : Status{};
    });
    if (!read) {
        return read;
    }
    if (name.empty()) {
        return corrupt("an attribute has no name");
    }
    item.attributes.insert_or_assign(std::move(name), std::move(value));
    if (item.attributes.size() > limits_.attributes_an_item) {
        return corrupt(
            "an item has more than " + std::to_string(limits_.attributes_an_item) + " attributes"
        );
    }
    return count_fact();
}

Status Reading::read_item(std::string_view bytes) {
    if (out_.items.size() >= limits_.items) {
        return corrupt("more than " + std::to_string(limits_.items) + " items");
    }
    ObservedItem item;
    Status read = each_field(bytes, "an item", [&](const Field& next) -> Status {
        if (next.is(field::object, type_bytes)) {
            return read_text(next, item.object);
        }
        if (next.is(field::ci_class, type_bytes)) {
            return read_text(next, item.ci_class);
        }
        if (next.is(field::keys, type_bytes)) {
            return read_key(next.bytes, item);
        }
        if (next.is(field::attributes, type_bytes)) {
            return read_attribute(next.bytes, item);
        }
        if (next.is(field::observed, type_fixed64)) {
            item.observed = wall_from_ns(static_cast<std::int64_t>(next.value));
        }
        return {};
    });
    out_.items.push_back(std::move(item));
    return read;
}

Status Reading::read_relation(std::string_view bytes) {
    if (out_.relations.size() >= limits_.relations) {
        return corrupt("more than " + std::to_string(limits_.relations) + " relations");
    }
    ObservedRelation relation;
    Status read = each_field(bytes, "a relation", [&](const Field& next) -> Status {
        if (next.is(field::type, type_bytes)) {
            return read_text(next, relation.type);
        }
        std::uint32_t* const end = next.is(field::from, type_varint) ? &relation.from
                                   : next.is(field::to, type_varint) ? &relation.to
                                                                     : nullptr;
        if (end != nullptr) {
            // What does not fit points outside in any case.
            *end = static_cast<std::uint32_t>(std::min<std::uint64_t>(next.value, 0xffff'ffffU));
        }
        return {};
    });
    out_.relations.push_back(std::move(relation));
    return read;
}

Status Reading::read(std::string_view payload) {
    return each_field(payload, "the message", [&](const Field& next) -> Status {
        if (next.is(field::run, type_bytes)) {
            return read_text(next, out_.run);
        }
        if (next.is(field::full, type_varint)) {
            out_.full = next.value != 0;
        } else if (next.is(field::items, type_bytes)) {
            return read_item(next.bytes);
        } else if (next.is(field::relations, type_bytes)) {
            return read_relation(next.bytes);
        } else if (next.is(field::lacking, type_bytes)) {
            if (out_.lacking.size() >= limits_.lacking) {
                return corrupt(
                    "more than " + std::to_string(limits_.lacking) + " facts are lacking"
                );
            }
            return read_text(next, out_.lacking.emplace_back());
        }
        return {};
    });
}

Status Reading::check() const {
    std::unordered_set<std::string_view> named;
    for (const ObservedItem& item : out_.items) {
        if (item.object.empty()) {
            return corrupt("an item has no name");
        }
        if (item.ci_class.empty()) {
            return corrupt("item \"" + item.object + "\" has no class");
        }
        if (!named.insert(item.object).second) {
            return corrupt("two items are named \"" + item.object + "\"");
        }
    }
    for (const ObservedRelation& relation : out_.relations) {
        if (std::max(relation.from, relation.to) >= out_.items.size()) {
            return corrupt("a relation joins an item that is not there");
        }
        if (relation.type.empty()) {
            return corrupt("a relation has no type");
        }
    }
    return {};
}

}  // namespace

std::string encode_observations(const Observations& observations) {
    std::string out;
    put_text(out, field::run, observations.run);
    put_number(out, field::full, observations.full ? 1 : 0);
    for (const ObservedItem& item : observations.items) {
        put_bytes(out, field::items, item_bytes(item));
    }
    for (const ObservedRelation& relation : observations.relations) {
        std::string body;
        put_number(body, field::from, relation.from);
        put_number(body, field::to, relation.to);
        put_text(body, field::type, relation.type);
        put_bytes(out, field::relations, body);
    }
    for (const std::string& fact : observations.lacking) {
        put_bytes(out, field::lacking, printable(fact, text_limit));
    }
    return out;
}

Result<Observations> decode_observations(
    std::string_view payload, const ObservationLimits& limits
) {
    Reading reading(limits);
    if (Status read = reading.read(payload); !read) {
        return failure(read.error());
    }
    if (Status good = reading.check(); !good) {
        return failure(good.error());
    }
    return reading.take();
}

std::size_t memory_bytes(const Observations& observations) {
    constexpr std::size_t node = 4 * sizeof(void*);
    std::size_t bytes = sizeof(Observations) + observations.run.size() +
                        observations.relations.size() * sizeof(ObservedRelation);
    for (const ObservedItem& item : observations.items) {
        bytes += sizeof(ObservedItem) + item.object.size() + item.keys.size() * sizeof(ObservedKey);
        for (const ObservedKey& key : item.keys) {
            bytes += key.value.size();
        }
        for (const auto& [name, value] : item.attributes) {
            bytes += node + 2 * sizeof(std::string) + name.size() + value.size();
        }
    }
    for (const std::string& fact : observations.lacking) {
        bytes += sizeof(std::string) + fact.size();
    }
    return bytes;
}

}  // namespace muster::wire
