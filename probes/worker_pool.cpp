#include "probes/worker_pool.hpp"

#include "base/log.hpp"
#include "probes/params.hpp"
#include "probes/waiter.hpp"
#include "probes/worker_messages.hpp"
#include "probes/worker_process.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace muster::probes {

namespace {

using Steady = std::chrono::steady_clock;

constexpr Duration answer_grace = std::chrono::milliseconds(500);
constexpr Duration start_patience = std::chrono::seconds(10);
constexpr Duration watch_every = std::chrono::milliseconds(500);
constexpr Duration longest_pause = std::chrono::seconds(30);
constexpr std::size_t most_suspects = 100'000;

/// One run in a worker. Owned by the coroutine that waits for it and by the slot it runs in.
struct Run {
    explicit Run(asio::io_context& loop) : waiter(loop) {}

    Waiter waiter;
    std::string target;
    Steady::time_point deadline;
    std::optional<WorkerAnswer> answer;
    bool lost = false;
};

/// A living worker. Owned by the pool's table and by the coroutines that watch it.
struct Slot {
    explicit Slot(asio::io_context& loop, std::unique_ptr<WorkerProcess> started)
        : process(std::move(started)), wake(loop) {}

    std::unique_ptr<WorkerProcess> process;
    std::map<std::uint64_t, std::shared_ptr<Run>> in_flight;
    std::set<std::string> overran;  ///< targets whose runs made us kill it
    Steady::time_point born = Steady::now();
    std::uint64_t answered = 0;
    Waiter wake;                    ///< for the watch, at the end
    std::vector<Waiter*> starting;  ///< runs that wait until it is ready; in their frames
    bool ready = false;
    bool retiring = false;
    bool ended = false;
};

struct Suspect {
    std::uint32_t strikes = 0;
    Steady::time_point until;  ///< set aside until then
};

enum class Place { shared, alone };

}  // namespace

struct WorkerPool::Impl : std::enable_shared_from_this<Impl> {
    Impl(asio::io_context& on, WorkerPoolOptions with)
        : loop(on), options(std::move(with)), shared(std::max(options.workers, 1u)) {}

    Result<std::shared_ptr<Slot>> slot(Place place);
    Result<std::shared_ptr<Slot>> start();
    void accept(Slot& slot, AnswerMessage answer);
    void lose(const std::shared_ptr<Slot>& slot);
    void strike(const std::string& target);
    bool is_set_aside(const std::string& target) const;
    void retire_when_idle(Slot& slot);
    void leave_isolation();

    Task<bool> enter_isolation(Deadline deadline);
    Task<WaitEnd> started(std::shared_ptr<Slot> slot);
    Task<std::optional<WorkerAnswer>> run_in(
        Place place, const ProbeType* type, ProbeRequest request, Deadline deadline
    );
    static Task<void> read(std::shared_ptr<Impl> self, std::shared_ptr<Slot> slot);
    static Task<void> watch(std::shared_ptr<Impl> self, std::shared_ptr<Slot> slot);
    static Task<void> reap(std::shared_ptr<Slot> slot);

    asio::io_context& loop;
    WorkerPoolOptions options;
    std::vector<std::shared_ptr<Slot>> shared;  ///< null: not started
    std::shared_ptr<Slot> alone;
    bool alone_busy = false;
    std::deque<Waiter*> alone_queue;  ///< in the frames of their runs
    std::unordered_map<std::string, Suspect> suspects;
    std::uint64_t next_id = 1;
    std::uint32_t useless_deaths = 0;  ///< in a row, of shared workers that never answered
    Steady::time_point start_not_before;
    bool stopped = false;
    WorkerPoolCounters counters;
};

Result<std::shared_ptr<Slot>> WorkerPool::Impl::start() {
    auto process = WorkerProcess::start(loop, options.program);
    if (!process) {
        return failure(process.error());
    }
    ++counters.started;
    auto slot = std::make_shared<Slot>(loop, std::move(*process));
    log(LogLevel::debug, "worker.started", {{"pid", slot->process->pid()}});
    asio::co_spawn(loop, read(shared_from_this(), slot), asio::detached);
    asio::co_spawn(loop, watch(shared_from_this(), slot), asio::detached);
    return slot;
}

Result<std::shared_ptr<Slot>> WorkerPool::Impl::slot(Place place) {
    const auto usable = [](const std::shared_ptr<Slot>& slot) {
        return slot && !slot->ended && !slot->retiring;
    };
    if (place == Place::alone) {
        if (!usable(alone)) {
            auto started = start();
            if (!started) {
                return started;
            }
            alone = *started;
        }
        return alone;
    }
    std::shared_ptr<Slot>* best = nullptr;
    const auto load = [&](const std::shared_ptr<Slot>& slot) {
        return usable(slot) ? slot->in_flight.size() + slot->starting.size() : 0;
    };
    for (auto& slot : shared) {
        if (best == nullptr || load(slot) < load(*best)) {
            best = &slot;
        }
    }
    if (!usable(*best)) {
        if (Steady::now() < start_not_before) {
            return failure(
                ErrorKind::unavailable, "the probe worker keeps dying; see the log", options.program
            );
        }
        auto started = start();
        if (!started) {
            return started;
        }
        *best = *started;
    }
    if ((*best)->in_flight.size() >= options.runs_in_flight) {
        return failure(ErrorKind::full, "too many runs in flight; add workers");
    }
    return *best;
}

Task<void> WorkerPool::Impl::read(std::shared_ptr<Impl> self, std::shared_ptr<Slot> slot) {
    while (!slot->ended) {
        auto message = co_await slot->process->channel().receive();
        if (!message) {
            break;
        }
        auto answer = decode_from_worker(*message);
        if (!answer) {
            log(LogLevel::error, "worker.message_refused", {{"why", answer.error().text()}});
            break;
        }
        self->accept(*slot, std::move(*answer));
    }
    self->lose(slot);
    co_await reap(slot);
}

Task<void> WorkerPool::Impl::watch(std::shared_ptr<Impl> self, std::shared_ptr<Slot> slot) {
    while (!slot->ended) {
        const Deadline next = Deadline::in(watch_every);
        (void)co_await slot->wake.wait(next);
        const auto now = Steady::now();
        for (const auto& [id, run] : slot->in_flight) {
            if (now - run->deadline > self->options.overrun) {
                slot->overran.insert(run->target);
            }
        }
        if (!slot->ended && !slot->overran.empty()) {
            log(LogLevel::warning,
                "worker.overran",
                {{"pid", slot->process->pid()}, {"target", *slot->overran.begin()}});
            slot->process->kill();
            co_return;
        }
        slot->retiring = slot->retiring || now - slot->born > self->options.most_age;
        self->retire_when_idle(*slot);
    }
}

Task<void> WorkerPool::Impl::reap(std::shared_ptr<Slot> slot) {
    slot->process->kill();
    for (;;) {
        const auto how = slot->process->ended();
        if (how) {
            if (!slot->retiring) {
                log(LogLevel::warning, "worker.died", {{"pid", slot->process->pid()}, {"how", *how}}
                );
            }
            co_return;
        }
        const bool more = co_await sleep_for(std::chrono::milliseconds(2));
        if (!more) {
            co_return;
        }
    }
}

void WorkerPool::Impl::accept(Slot& slot, AnswerMessage answer) {
    if (answer.id == 0) {
        slot.ready = true;
        for (Waiter* run : slot.starting) {
            run->wake();
        }
        return;
    }
    ++slot.answered;
    useless_deaths = 0;
    const auto found = slot.in_flight.find(answer.id);
    if (found != slot.in_flight.end()) {
        const auto run = found->second;
        slot.in_flight.erase(found);
        run->answer = WorkerAnswer{
            .outcome = std::move(answer.outcome), .redirect = std::move(answer.redirect)
        };
        run->waiter.wake();
        suspects.erase(run->target);
    }
    slot.retiring = slot.retiring || answer.resident_bytes > options.most_resident;
    retire_when_idle(slot);
}

void WorkerPool::Impl::retire_when_idle(Slot& slot) {
    if (slot.retiring && slot.in_flight.empty() && !slot.ended) {
        slot.process->channel().close();  // the worker ends at the end of its channel
    }
}

void WorkerPool::Impl::lose(const std::shared_ptr<Slot>& slot) {
    if (slot->ended) {
        return;
    }
    slot->ended = true;
    slot->wake.wake();
    for (Waiter* run : slot->starting) {
        run->wake();
    }
    slot->process->channel().close();
    if (!slot->retiring && !stopped) {
        ++counters.died;
        if (slot->answered == 0 && slot != alone) {
            ++useless_deaths;
            const Duration pause = useless_deaths < 2 ? Duration{0}
                                                      : Duration{std::chrono::milliseconds(250)} *
                                                            (1 << std::min(useless_deaths, 8u));
            start_not_before = Steady::now() + std::min(pause, longest_pause);
        }
    }
    for (const auto& [id, run] : slot->in_flight) {
        const bool guilty = slot->overran.empty() || slot->overran.contains(run->target);
        if (guilty && !stopped) {
            strike(run->target);
        }
        run->lost = true;
        run->waiter.wake();
    }
    slot->in_flight.clear();
    if (alone == slot) {
        alone = nullptr;
    }
    std::replace(shared.begin(), shared.end(), slot, std::shared_ptr<Slot>{});
}

void WorkerPool::Impl::strike(const std::string& target) {
    if (suspects.size() >= most_suspects && !suspects.contains(target)) {
        return;
    }
    Suspect& suspect = suspects[target];
    ++suspect.strikes;
    if (suspect.strikes >= options.strikes) {
        suspect.until = Steady::now() + options.set_aside;
        ++counters.set_aside;
        log(LogLevel::error,
            "worker.target_set_aside",
            {{"target", target},
             {"workers_killed", suspect.strikes},
             {"for", format_duration(options.set_aside)}});
    }
}

bool WorkerPool::Impl::is_set_aside(const std::string& target) const {
    const auto found = suspects.find(target);
    return found != suspects.end() && found->second.until > Steady::now();
}

Task<bool> WorkerPool::Impl::enter_isolation(Deadline deadline) {
    if (!alone_busy) {
        alone_busy = true;
        co_return true;
    }
    Waiter turn(loop);
    alone_queue.push_back(&turn);
    const WaitEnd end = co_await turn.wait(deadline);
    if (end == WaitEnd::woken) {
        co_return true;  // handed over by the one who left
    }
    const bool handed_over = std::erase(alone_queue, &turn) == 0;
    if (handed_over) {
        leave_isolation();
    }
    co_return false;
}

void WorkerPool::Impl::leave_isolation() {
    if (alone_queue.empty()) {
        alone_busy = false;
        return;
    }
    Waiter* next = alone_queue.front();
    alone_queue.pop_front();
    next->wake();
}

Task<WaitEnd> WorkerPool::Impl::started(std::shared_ptr<Slot> slot) {
    Waiter waiter(loop);
    slot->starting.push_back(&waiter);
    const Deadline patience = Deadline::in(start_patience);
    const WaitEnd end = co_await waiter.wait(patience);
    std::erase(slot->starting, &waiter);
    if (end == WaitEnd::timed_out) {
        slot->process->kill();
    }
    co_return end;
}

namespace {

WorkerAnswer unknown(const ProbeType* type, std::string reason, std::string seen) {
    return {
        .outcome = unmeasured(
            *type,
            wire::ResultState::unknown,
            std::move(reason),
            "an answer of the probe worker",
            std::move(seen)
        ),
        .redirect = {}
    };
}

}  // namespace

Task<std::optional<WorkerAnswer>> WorkerPool::Impl::run_in(
    Place place, const ProbeType* type, ProbeRequest request, Deadline deadline
) {
    const auto self = shared_from_this();
    const auto chosen = slot(place);
    if (!chosen) {
        co_return unknown(type, "worker", chosen.error().text());
    }
    const std::shared_ptr<Slot>& home = *chosen;
    if (!home->ready) {
        const auto begun = Steady::now();
        const auto end = co_await started(home);
        if (end == WaitEnd::cancelled) {
            co_return std::nullopt;
        }
        if (!home->ready || home->ended) {
            co_return unknown(type, "worker", "the worker did not start; see the log");
        }
        // The peer shall have all the time it was promised.
        deadline = Deadline(deadline.at() + (Steady::now() - begun));
    }
    const auto run = std::make_shared<Run>(loop);
    run->target = request.host.empty() ? request.addresses.front() : request.host;
    run->deadline = deadline.at();
    const std::uint64_t id = next_id++;
    home->in_flight.emplace(id, run);
    RunMessage message{.id = id, .type = std::string(type->name), .request = std::move(request)};
    // The worker ends a little earlier, so that its answer is here by the deadline.
    const Duration left = deadline.left();
    message.left = left - std::min(left / 10, Duration{std::chrono::milliseconds(20)});
    home->process->channel().send(encode_run(message));

    const Deadline patience(deadline.at() + answer_grace);
    const WaitEnd end = co_await run->waiter.wait(patience);
    if (end == WaitEnd::cancelled) {
        if (!home->ended) {
            home->process->channel().send(encode_cancel({.id = id}));
        }
        home->in_flight.erase(id);
        co_return std::nullopt;
    }
    if (run->answer) {
        co_return std::move(run->answer);
    }
    // An overdue run stays in the slot's table, where the watch finds it.
    co_return unknown(
        type,
        "worker",
        run->lost ? "the worker ended during the run" : "the worker did not answer in time"
    );
}

WorkerPool::WorkerPool(asio::io_context& loop, WorkerPoolOptions options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

WorkerPool::~WorkerPool() {
    stop();
}

Task<WorkerAnswer> WorkerPool::run(const ProbeType* type, ProbeRequest request, Deadline deadline) {
    const auto impl = impl_;
    const std::string target = request.host.empty() ? request.addresses.front() : request.host;
    if (impl->stopped) {
        co_return unknown(type, "worker", "the workers have been stopped");
    }
    if (impl->options.program.empty()) {
        co_return unknown(type, "worker", "no probe worker is configured");
    }
    if (impl->is_set_aside(target)) {
        co_return unknown(
            type,
            "set_aside",
            fmt::format(
                "{} has killed {} probe workers and is set aside for {}",
                target,
                impl->options.strikes,
                format_duration(impl->options.set_aside)
            )
        );
    }
    const bool suspect = impl->suspects.contains(target);
    if (suspect) {
        const bool entered = co_await impl->enter_isolation(deadline);
        if (!entered) {
            co_return unknown(type, "worker", "no turn in the worker for targets under suspicion");
        }
    }
    auto answer = co_await impl->run_in(
        suspect ? Place::alone : Place::shared, type, std::move(request), deadline
    );
    if (suspect) {
        impl->leave_isolation();
    }
    co_return answer ? std::move(*answer) : unknown(type, "worker", "cancelled");
}

void WorkerPool::stop() {
    impl_->stopped = true;
    auto slots = impl_->shared;
    slots.push_back(impl_->alone);
    for (const auto& slot : slots) {
        if (slot) {
            slot->retiring = true;
            slot->process->kill();
            impl_->lose(slot);
        }
    }
}

WorkerPoolCounters WorkerPool::counters() const {
    return impl_->counters;
}

std::vector<pid_t> WorkerPool::processes() const {
    std::vector<pid_t> pids;
    for (const auto& slot : impl_->shared) {
        if (slot) {
            pids.push_back(slot->process->pid());
        }
    }
    if (impl_->alone) {
        pids.push_back(impl_->alone->process->pid());
    }
    return pids;
}

}  // namespace muster::probes
