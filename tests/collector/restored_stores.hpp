// Owns: the real stores of a collector, opened for a moment each, with backups of them and the way back. Leaves to store_run.hpp:
// a collector at work; to tests/e2e: real daemons.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "collector/backup/lasting.hpp"
#include "collector/enrolment/access_store.hpp"
#include "collector/journal/journal.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>

namespace muster::collector::test {

class RestoredStores : public ::testing::Test {
  protected:
    RestoredStores();

    /// The collector starts.
    void open();
    /// It stops.
    void close();
    /// So many entries more, in one segment of their own.
    void journal(int entries);
    /// As the threads of the stores copy themselves. `meanwhile` happens after the backup's begin, before access.db is copied.
    std::string back_up(const std::function<void()>& meanwhile = [] {});
    /// The collector is stopped, goes back to the newest backup, and starts. Gives the name of the backup.
    std::string go_back();

    CreatedJoinToken make_token(std::uint32_t uses);
    EnrolledAgent enrol(const CreatedJoinToken& with);
    EnrolledAgent agent(AgentId id);
    JoinToken token(const std::string& id);

    RealFiles files_;
    SystemRandom random_;
    muster::test::TempDir dir_{"/dev/shm"};
    std::string data_ = dir_ / "data";
    std::string backups_ = dir_ / "backups";
    WallTime now_ = SystemClock().wall();
    Actor admin_;
    std::optional<CertificateAuthority> authority_;
    std::optional<Lasting> lasting_;
    std::optional<AccessStore> access_;
    std::optional<Journal> journal_;
};

}  // namespace muster::collector::test
