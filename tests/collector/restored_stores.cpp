#include "tests/collector/restored_stores.hpp"

#include "collector/backup/backup_maker.hpp"
#include "collector/backup/restore.hpp"
#include "collector/migrations.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace muster::collector::test {

namespace {

using namespace std::chrono_literals;

constexpr auto valid = 20 * 365 * 24h;

Status whole(Result<DatabaseCopy> copy) {
    Result<bool> more = copy ? Result<bool>(true) : failure(copy.error());
    while (more && *more) {
        more = copy->step(1U << 20U);
    }
    return more ? Status{} : Status{failure(more.error())};
}

}  // namespace

RestoredStores::RestoredStores() {
    for (const char* folder : {"/journal", "/history", "/ca"}) {
        std::filesystem::create_directories(data_ + folder);
    }
    for (const auto& [name, migrations] :
         {std::pair{"/state.db", brain_migrations()},
          std::pair{"/history/catalog.db", history_migrations()}}) {
        auto database = Database::open(data_ + name, {});
        EXPECT_TRUE(database && database->migrate(migrations));
    }
    auto authority = CertificateAuthority::open(files_, data_ + "/ca", {"localhost"}, now_);
    EXPECT_TRUE(authority) << authority.error().text();
    authority_.emplace(std::move(*authority));
    admin_.name = "admin";
    open();
}

void RestoredStores::open() {
    auto lasting = Lasting::open(files_, data_ + "/lasting");
    auto access = AccessStore::open(data_ + "/access.db");
    ASSERT_TRUE(lasting && access);
    lasting_.emplace(std::move(*lasting));
    access_.emplace(std::move(*access));
    access_->keep_lasting(*lasting_);
    journal(1);
}

void RestoredStores::close() {
    journal_.reset();
    access_.reset();
    lasting_.reset();
}

void RestoredStores::journal(int entries) {
    journal_.reset();
    // One that has an entry is full.
    auto opened = Journal::open({.directory = data_ + "/journal", .segment_bytes = 1});
    ASSERT_TRUE(opened) << opened.error().text();
    journal_.emplace(std::move(*opened));
    ASSERT_TRUE(journal_->maintain(journal_->last_moment().elapsed));
    std::vector<Pending> pending(static_cast<std::size_t>(entries));
    ASSERT_TRUE(journal_->append(std::move(pending), journal_->last_moment()));
}

std::string RestoredStores::back_up(const std::function<void()>& meanwhile) {
    using Stop = const std::stop_token&;
    const BackupSources sources{
        .state =
            [&](const CopyPlace& to, Stop) {
                meanwhile();
                auto state = Database::open(data_ + "/state.db", {});
                return whole(DatabaseCopy::begin(*state, to.folder + "/state.db"));
            },
        .access =
            [&](const CopyPlace& to, Stop) {
                const Status copied = whole(access_->begin_copy(to.folder));
                return copied ? access_->note_copied(to.backup, now_) : copied;
            },
        .history =
            [&](const CopyPlace& to, Stop) {
                auto catalog = Database::open(data_ + "/history/catalog.db", {});
                return whole(DatabaseCopy::begin(*catalog, to.folder + "/catalog.db"));
            },
        .journal =
            [&](const CopyPlace& to, Stop) {
                const Status copied = whole(journal_->begin_copy(to.folder));
                return copied ? journal_->link_sealed(to.links) : copied;
            }
    };
    const BackupPlan plan{
        .data_dir = data_, .folder = backups_, .version = "1", .installation = "one"
    };
    const auto made = make_backup(files_, plan, sources, now_, {});
    EXPECT_TRUE(made) << made.error().text();
    return made ? made->name : "";
}

std::string RestoredStores::go_back() {
    close();
    const auto restored =
        restore(files_, {.data_dir = data_, .folder = backups_, .from = ""}, now_);
    EXPECT_TRUE(restored) << restored.error().text();
    open();
    return restored ? restored->backup.substr(backups_.size() + 1) : "";
}

CreatedJoinToken RestoredStores::make_token(std::uint32_t uses) {
    auto made = access_->create_join_token(
        {.ttl = valid, .max_uses = uses, .site = "", .name = ""},
        admin_,
        authority_->pin(),
        random_,
        now_
    );
    EXPECT_TRUE(made) << made.error().text();
    return std::move(*made);
}

EnrolledAgent RestoredStores::enrol(const CreatedJoinToken& with) {
    EnrolRequest request;
    request.token = with.token.clone();
    request.request_pem = wire::make_request("agent").value().request_pem;
    request.hostname = "host";
    request.peer = "192.0.2.1:5";
    auto enrolled = access_->enrol(request, *authority_, 24h, random_, now_);
    EXPECT_TRUE(enrolled) << enrolled.error().text();
    return enrolled->agent;
}

EnrolledAgent RestoredStores::agent(AgentId id) {
    const auto agents = access_->agents().value();
    const auto found = std::ranges::find(agents, id, &EnrolledAgent::id);
    EXPECT_NE(found, agents.end());
    return found == agents.end() ? EnrolledAgent{} : *found;
}

JoinToken RestoredStores::token(const std::string& id) {
    const auto tokens = access_->join_tokens().value();
    const auto found = std::ranges::find(tokens, id, &JoinToken::id);
    EXPECT_NE(found, tokens.end());
    return found == tokens.end() ? JoinToken{} : *found;
}

}  // namespace muster::collector::test
