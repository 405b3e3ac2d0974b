// Owns: a command on its way: appended to the journal, waiting for the fold's verdict. Leaves to the brain: the verdict.
#pragma once

#include "base/task.hpp"
#include "collector/brain/brain.hpp"
#include "collector/command.hpp"
#include "collector/journal/journal_thread.hpp"

#include <memory>
#include <vector>

namespace muster::collector {

/// Belongs to the loop's thread.
class CommandGate {
  public:
    struct Impl;
    /// `loop` and `journal` outlive this and every `submit`.
    CommandGate(asio::io_context& loop, JournalThread& journal, Duration patience);
    ~CommandGate();
    CommandGate(const CommandGate&) = delete;
    CommandGate& operator=(const CommandGate&) = delete;

    /// `timeout` when there is no verdict in time: the command is in the journal and may still take effect, which the
    /// same idempotency key finds out. Other errors: it was not appended.
    Task<Result<Verdict>> submit(Command command);
    /// What the brain answered; answers nobody waits for any more are dropped.
    void answered(std::vector<Effects::Answer> answers);

  private:
    std::shared_ptr<Impl> impl_;  // shared with answers of the journal that arrive later
};

}  // namespace muster::collector
