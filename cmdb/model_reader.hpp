// Owns: one file of classes or kinds of relations → values with the places of what they name. Leaves to model: whether
// they fit together.
#pragma once

#include "cmdb/model.hpp"
#include "config/issues.hpp"

#include <string_view>
#include <vector>

namespace muster::cmdb {

struct ReadClass {
    CiClass value;
    config::Position name_at;
    config::Position parent_at;
};

struct ReadRelation {
    RelationType value;
    config::Position name_at;
    std::vector<config::Position> pairs_at;
};

struct ReadFile {
    std::vector<ReadClass> classes;
    std::vector<ReadRelation> relations;
};

/// What is wrong lands in `issues`; nameless pieces are left out.
ReadFile read_model_file(const config::ConfigText& file, config::Issues& issues);

}  // namespace muster::cmdb
