#include "collector/api/sign_in_gate.hpp"

#include <algorithm>

namespace muster::collector {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_tracks = 4096;
constexpr Duration forgotten_after = 15min;
constexpr std::uint32_t free_by_address = 5;
constexpr std::uint32_t free_by_account = 10;

/// Doubles from `first` with each failure beyond `free`, up to `longest`.
Duration growing(std::uint32_t failures, std::uint32_t free, Duration first, Duration longest) {
    if (failures < free) {
        return Duration{0};
    }
    constexpr std::uint32_t doublings = 16;
    return std::min(longest, first * (1U << std::min(failures - free, doublings)));
}

std::string pair_of(const std::string& account, const std::string& address) {
    return account + " " + address;
}

}  // namespace

Duration SignInGate::wait_of(const Tracks& tracks, const std::string& key, MonoTime now) {
    const auto known = tracks.find(key);
    return known == tracks.end() || known->second.last + forgotten_after <= now
               ? Duration{0}
               : known->second.free_at - now;
}

SignInGate::Track& SignInGate::track_of(Tracks& tracks, const std::string& key, MonoTime now) {
    if (tracks.size() >= most_tracks && !tracks.contains(key)) {
        std::erase_if(tracks, [&](const auto& entry) {
            return entry.second.last + forgotten_after <= now;
        });
        if (tracks.size() >= most_tracks) {
            tracks.erase(std::ranges::min_element(tracks, {}, [](const auto& entry) {
                return entry.second.last;
            }));
        }
    }
    Track& track = tracks[key];
    if (track.last + forgotten_after <= now) {
        track = {};
    }
    track.last = now;
    return track;
}

bool SignInGate::admit(
    const std::string& account, const std::string& address, MonoTime now, Duration& wait
) {
    wait = wait_of(addresses_, address, now);
    if (!trusted_.contains(pair_of(account, address))) {
        wait = std::max(wait, wait_of(accounts_, account, now));
    }
    if (wait > Duration{0}) {
        return false;
    }
    Track& from = track_of(addresses_, address, now);
    ++from.failures;
    from.free_at = now + growing(from.failures, free_by_address, 1s, 1min);
    Track& to = track_of(accounts_, account, now);
    ++to.failures;
    to.free_at = now + growing(to.failures, free_by_account, 100ms, 1s);
    return true;
}

void SignInGate::succeeded(const std::string& account, const std::string& address, MonoTime now) {
    addresses_.erase(address);
    track_of(trusted_, pair_of(account, address), now);
    const auto known = accounts_.find(account);
    if (known != accounts_.end() && known->second.failures > 0) {
        --known->second.failures;
    }
}

}  // namespace muster::collector
