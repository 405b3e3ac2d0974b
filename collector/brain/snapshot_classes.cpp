// The part of snapshot_parts.hpp about classes and kinds of relations that the configuration declares.
#include "cmdb/shipped_model.hpp"
#include "collector/brain/packing.hpp"
#include "collector/brain/snapshot_parts.hpp"

#include <utility>

namespace muster::collector {

namespace {

void pack_texts(Packer& out, const std::vector<std::string>& texts) {
    out.count(texts.size());
    for (const std::string& text : texts) {
        out.text(text);
    }
}

std::vector<std::string> unpack_texts(Unpacker& in) {
    std::vector<std::string> out;
    for (std::size_t left = in.count(8); left > 0; --left) {
        out.push_back(in.text());
    }
    return out;
}

void pack_label(Packer& out, const cmdb::Label& label) {
    out.text(label.en);
    out.text(label.zh);
}

cmdb::Label unpack_label(Unpacker& in) {
    cmdb::Label label;
    label.en = in.text();
    label.zh = in.text();
    return label;
}

void pack_class(Packer& out, const cmdb::DeclaredClass& declared) {
    const cmdb::CiClass& its = declared.value;
    out.choice(declared.as);
    out.text(its.name);
    out.text(its.parent);
    pack_label(out, its.label);
    out.u8(its.abstract ? 1 : 0);
    out.text(its.icon);
    out.text(its.criticality);
    out.u8(its.patience ? 1 : 0);
    out.duration(its.patience.value_or(Duration{}));
    out.u32(its.precedence.value_or(0));  // from 1 on
    out.count(its.attributes.size());
    for (const cmdb::AttributeSpec& attribute : its.attributes) {
        out.text(attribute.name);
        out.text(attribute.type);
        out.text(attribute.unit);
        pack_texts(out, attribute.values);
        pack_label(out, attribute.label);
    }
    out.count(its.identification.size());
    for (const cmdb::KeyRule& rule : its.identification) {
        out.text(rule.space);
        out.text(rule.kind);
        out.u32(rule.rank);
        out.choice(rule.values);
        pack_texts(out, rule.of);
    }
}

cmdb::DeclaredClass unpack_class(Unpacker& in) {
    cmdb::DeclaredClass declared;
    cmdb::CiClass& its = declared.value;
    declared.as = in.choice(cmdb::Declares::extension);
    its.name = in.text();
    its.parent = in.text();
    its.label = unpack_label(in);
    its.abstract = in.u8() != 0;
    its.icon = in.text();
    its.criticality = in.text();
    const bool has_patience = in.u8() != 0;
    const Duration patience = in.duration();
    const std::uint32_t precedence = in.u32();
    its.patience = has_patience ? std::optional(patience) : std::nullopt;
    its.precedence = precedence != 0 ? std::optional(precedence) : std::nullopt;
    for (std::size_t left = in.count(48); left > 0; --left) {
        cmdb::AttributeSpec attribute;
        attribute.name = in.text();
        attribute.type = in.text();
        attribute.unit = in.text();
        attribute.values = unpack_texts(in);
        attribute.label = unpack_label(in);
        its.attributes.push_back(std::move(attribute));
        declared.attributes_at.emplace_back();
    }
    for (std::size_t left = in.count(29); left > 0; --left) {
        cmdb::KeyRule rule{.space = in.text(), .kind = {}, .of = {}};
        rule.kind = in.text();
        rule.rank = in.u32();
        rule.values = in.choice(cmdb::KeyValues::renewed);
        rule.of = unpack_texts(in);
        its.identification.push_back(std::move(rule));
        declared.keys_at.emplace_back();
    }
    return declared;
}

void pack_relation(Packer& out, const cmdb::DeclaredRelation& declared) {
    const cmdb::RelationType& its = declared.value;
    out.choice(declared.as);
    out.text(its.name);
    out.text(its.reverse_name);
    pack_label(out, its.label);
    pack_label(out, its.reverse);
    pack_pairs(out, its.pairs);
    out.choice(its.travels);
    out.choice(its.redundancy);
    out.choice(its.parent);
}

cmdb::DeclaredRelation unpack_relation(Unpacker& in) {
    cmdb::DeclaredRelation declared;
    cmdb::RelationType& its = declared.value;
    declared.as = in.choice(cmdb::Declares::extension);
    its.name = in.text();
    its.reverse_name = in.text();
    its.label = unpack_label(in);
    its.reverse = unpack_label(in);
    its.pairs = unpack_pairs(in);
    declared.pairs_at.resize(its.pairs.size());
    its.travels = in.choice(cmdb::RelationType::Travels::to_from);
    its.redundancy = in.choice(cmdb::RelationType::Redundancy::members);
    its.parent = in.choice(cmdb::RelationType::Parent::to);
    return declared;
}

}  // namespace

std::string encode_classes(const State& state) {
    const cmdb::Declarations& declared = state.model.declared();
    if (declared.classes.empty() && declared.relations.empty()) {
        return {};
    }
    Packer out;
    out.count(declared.classes.size());
    for (const cmdb::DeclaredClass& each : declared.classes) {
        pack_class(out, each);
    }
    out.count(declared.relations.size());
    for (const cmdb::DeclaredRelation& each : declared.relations) {
        pack_relation(out, each);
    }
    return out.take();
}

bool decode_classes(State& state, std::string_view bytes) {
    if (bytes.empty()) {
        return true;
    }
    Unpacker in(bytes);
    cmdb::Declarations declared;
    for (std::size_t left = in.count(60); left > 0; --left) {
        declared.classes.push_back(unpack_class(in));
    }
    for (std::size_t left = in.count(60); left > 0; --left) {
        declared.relations.push_back(unpack_relation(in));
    }
    if (!in.done()) {
        return false;
    }
    // What a later release ships itself does not fit any more; its configuration says so at the next start.
    config::Issues misfits;
    state.model = cmdb::shipped_model().with(std::move(declared), misfits);
    return true;
}

}  // namespace muster::collector
