// Owns: the statements of an Identification with their indexes, and deciding anew what belongs together. Leaves to
// identification: what a submission is. Included by its two .cpp files alone.
#pragma once

#include "cmdb/components.hpp"
#include "cmdb/identification.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cmdb {

std::string object_name(std::string_view source, std::string_view object);
void add_once(std::vector<CiId>& list, CiId ci);

struct Identification::Impl {
    using Index = std::uint32_t;
    using Indexes = std::vector<Index>;

    struct Record {
        Statement statement;
        CiId ci;
        bool present = true;
        CiId below;  ///< CI of the statement it is a part of, as its keys are indexed
    };

    std::vector<Record> records;
    boost::unordered_flat_map<std::string, Index> by_object;
    boost::unordered_flat_map<std::string, Indexes> by_key;
    boost::unordered_flat_map<CiId, Indexes, UuidHash> by_ci;
    boost::unordered_flat_map<std::string, Indexes> by_source;
    boost::unordered_flat_map<std::string, Indexes> parts;  ///< by the object_name they are below
    std::vector<Word> words;
    boost::unordered_flat_map<Index, Indexes> same;  ///< by people's words

    const Record* find(std::string_view source, std::string_view object) const;
    Index add(Statement statement);
    /// Indexes keys and parts of a record; `below` is looked up.
    void index(Index at);
    void unindex(Index at);
    void index_words();
    bool retired(CiId ci) const;
    Member member(Index at) const;
    Indexes holders(const Key& key, CiId below) const;
    /// Everything that trusted keys and words connect with the seeds, in order of index.
    Indexes closure(Indexes seeds) const;
    /// Decides anew for everything `seeds` connect with, and for what is part of what moved.
    void decide(Indexes seeds, IdentityChange& change);

  private:
    Indexes neighbours(Index at) const;
    std::vector<Link> links_among(const Indexes& reached) const;
    void move(Index at, CiId to, IdentityChange& change);
    void note_origins(IdentityChange& change, CiId id, const std::vector<CiId>& origins) const;
    void follow_parts(const Indexes& reached, IdentityChange& change);
};

}  // namespace muster::cmdb
