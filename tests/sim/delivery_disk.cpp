// Owns: the half of DeliveryCollector that fails: how it dies, what its disk does to it, and which errors that explains; its backups.
#include "base/expect.hpp"
#include "tests/sim/delivery_collector.hpp"

#include <filesystem>
#include <utility>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

namespace fs = std::filesystem;

void copy_folder(const std::string& from, const std::string& to) {
    fs::remove_all(to);
    fs::create_directories(to);
    fs::copy(from, to, fs::copy_options::recursive);
}

}  // namespace

void DeliveryCollector::die(Death death) {
    ++life_;
    dies_at_.reset();
    if (disk_ && death != Death::by_error) {
        death = has_power() ? death : Death::out_of_power;
        disk_->cut();  // nobody comes to closing anything
    }
    intake_.reset();
    brain_.reset();
    writer_.reset();
    sessions_.clear();
    connections_.clear();
    own_.clear();
    under_way_.clear();
    if (death == Death::killed && disk_) {
        disk_->restart_process();
    } else if (!has_power()) {
        death = Death::out_of_power;
        disk_->power_on();
    }
    const bool is_dark = death == Death::out_of_power;
    network_->collector_gone(
        is_dark ? DeliveryNetwork::Farewell::none : DeliveryNetwork::Farewell::reset
    );
    if (is_dark) {
        clock_.mono_offset = -events_.now().time_since_epoch() + Duration(5s);
        ++power_cuts_;
    }
    trace_.add(
        events_.now(),
        "the collector {}",
        is_dark                    ? "has lost its power"
        : death == Death::by_error ? "has ended"
                                   : "was killed"
    );
}

/// An error is a complaint unless a call on the disk has failed in this life; what is broken for good always is.
void DeliveryCollector::check(const char* part, const Error& why) {
    trace_.add(events_.now(), "the collector, {}: {}", part, why.text());
    const bool has_failed = disk_ && (!has_power() || disk_->failures() != failures_before_);
    if (problem_.empty() && (!has_failed || why.kind() == ErrorKind::corrupt)) {
        problem_ = "the collector's " + std::string(part) +
                   ", though its disk does not explain it: " + why.text();
    }
}

void DeliveryCollector::end(const char* part, const Error& why) {
    if (has_power()) {
        check(part, why);
        ++ends_;
    }
    die(has_power() ? Death::by_error : Death::out_of_power);
}

/// A full disk is waited for, everything else ends it.
bool DeliveryCollector::lives_with(const char* part, const Error& why) {
    if (!has_power() || why.kind() != ErrorKind::full) {
        end(part, why);
        return false;
    }
    check(part, why);
    ++refusals_;
    return true;
}

void DeliveryCollector::cut_power_before(std::uint64_t nth) {
    trace_.add(events_.now(), "the collector's power goes before its disk's {}th change", nth);
    disk_->cut_before_operation(nth);
}

void DeliveryCollector::fail_disk(DiskFault fault, std::uint64_t nth, std::uint64_t times) {
    trace_.add(
        events_.now(),
        "the collector's disk fails at the {}th call, {} times, with fault {}",
        nth,
        times,
        static_cast<int>(fault)
    );
    disk_->fail_at(fault, nth, times);
}

void DeliveryCollector::fill_disk(std::uint64_t room) {
    if (disk_) {
        trace_.add(events_.now(), "the collector's disk has room for {} bytes", room);
        disk_->set_room(room);
    } else {
        trace_.add(events_.now(), "the collector's disk is full");
        is_full_ = true;
    }
}

void DeliveryCollector::empty_disk() {
    is_full_ = false;
    if (disk_) {
        disk_->set_room(std::nullopt);
    }
}

void DeliveryCollector::heal() {
    dies_at_.reset();
    is_full_ = false;
    if (disk_) {
        disk_->heal();
    }
}

Status DeliveryCollector::copy_journal(const std::string& folder) {
    {
        auto copy = writer_->journal().begin_copy(folder);
        Result<bool> more = copy ? Result<bool>(true) : failure(copy.error());
        while (more && *more) {
            more = copy->step(1U << 20U);
        }
        if (!more) {
            return failure(more.error());
        }
    }
    return writer_->journal().link_sealed(folder);
}

void DeliveryCollector::take_backup() {
    const std::string folder = options_.dir + "/backup";
    const std::string part = folder + ".part";
    fs::remove_all(part);
    fs::create_directories(part);
    if (const Status copied = copy_journal(part); !copied) {
        check("backup", copied.error());
        return;
    }
    copy_folder(part, folder);  // it is synced before it counts
    has_backup_ = true;
    trace_.add(events_.now(), "a backup up to entry {} is made", writer_->journal().next_lsn() - 1);
}

bool DeliveryCollector::restore() {
    expect(!is_running(), "a collector that runs is not restored");
    if (!has_backup_) {
        return false;
    }
    trace_.add(events_.now(), "the backup is put back");
    copy_folder(options_.dir + "/backup", journal_dir());
    if (disk_) {
        disk_->settle();
    }
    return true;
}

}  // namespace muster::test
