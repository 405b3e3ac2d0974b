// Owns: the statements of an Identification with their indexes, and deciding anew what belongs together. Leaves to
// identification: what a submission is. Included by its two .cpp files alone.
#pragma once

#include "cmdb/components.hpp"
#include "cmdb/identification.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cmdb {

std::string object_name(std::string_view source, std::string_view object);
/// In the order in which they come first, without nil ones.
void each_once(std::vector<CiId>& list);

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
    /// Of an excerpt: how many hold a key beside those in it.
    boost::unordered_flat_map<std::string, std::size_t> holders_elsewhere;
    std::set<std::string>
        crossed;  ///< keys that became crowded, or are so no more, and are not yet judged anew
    boost::unordered_flat_map<CiId, Indexes, UuidHash> by_ci;
    boost::unordered_flat_map<std::string, Indexes> by_source;
    boost::unordered_flat_map<std::string, Indexes> parts;  ///< by the object_name they are below
    std::vector<Word> words;
    // Since the last decision.
    Indexes seeds;     ///< what was said, and what was connected with it before
    Indexes repeated;  ///< said again with nothing that decides
    Indexes dropped;
    Indexes returned;  ///< of CIs that were retired
    mutable std::uint64_t looks = 0;
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
    std::size_t count_of_holders(const std::string& key_text) const;
    /// More have it than are ever one thing: it connects nothing.
    bool is_crowded(const std::string& key_text) const;
    /// Keys that somebody has, of what these say and of what they said.
    std::set<std::string> keys_of(std::span<const Statement> said) const;
    std::set<std::string> crowded_among(const Indexes& reached) const;
    /// Everything that trusted keys and words connect with these, in order of index.
    Indexes closure(Indexes from) const;
    /// Statements that share a trusted key or a word with this one. Taken before one of its links goes, they are what has to
    /// be judged anew: every piece that remains has one of them.
    Indexes neighbours(Index at) const;
    /// Decides anew for everything these and keys that crossed connect with, and for what is part of what moved.
    void decide(Indexes from, IdentityChange& change);

  private:
    void cross(const std::string& key_text);
    std::vector<Link> links_among(const Indexes& reached) const;
    void move(const Indexes& group, CiId to, IdentityChange& change);

    /// CIs whose statements a person said to be of one with those of others, and to be of two.
    struct Said {
        std::vector<CiId> one;
        std::vector<CiId> two;
    };

    void note_origins(
        IdentityChange& change, CiId id, const std::vector<CiId>& origins, const Said& said
    ) const;
    void follow_parts(const Indexes& reached, IdentityChange& change);
};

}  // namespace muster::cmdb
