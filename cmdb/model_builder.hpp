// Owns: joining declarations with the model that is there, and telling where they do not fit. Leaves to model_reader: their
// form; to model: answering.
#pragma once

#include "cmdb/model.hpp"

#include <map>
#include <string>
#include <string_view>

namespace muster::cmdb {

/// Lives for one `build`. What is wrong lands in the issues with its place; what is built is free of circles either way.
class ModelBuilder {
  public:
    /// `base`: what is there already; null: nothing. Both outlive the builder.
    ModelBuilder(const Model* base, config::Issues& issues) : base_(base), issues_(issues) {}

    Model build(Declarations declared);

  private:
    void add_class(const DeclaredClass& each);
    void extend_class(const DeclaredClass& each);
    void add_relation(const DeclaredRelation& each);
    void check_parent(const DeclaredClass& each);
    void cut_circle(const DeclaredClass& each);
    /// Every attribute of every class against those it inherits: an extension may stand above.
    void check_attributes();
    void check_attribute(const CiClass& its, const AttributeSpec& attribute);
    void check_keys(const DeclaredClass& each);
    void check_pairs(const DeclaredRelation& each);
    /// Complains at whichever of these classes declares the attribute in the files at hand.
    void wrong_attribute(
        const std::string& attribute,
        const CiClass& its,
        const CiClass& above,
        std::string_view what
    );
    std::string no_class(std::string_view name) const;
    const std::string& root() const;

    const Model* base_;
    config::Issues& issues_;
    Model model_;
    std::map<std::string, const DeclaredClass*, std::less<>> classes_;  ///< declared now, by name
    std::map<std::string, const DeclaredRelation*, std::less<>> relations_;
};

}  // namespace muster::cmdb
