#include "cli/interrupt.h"

#include "cli/exit_code.h"

#include <csignal>
#include <unistd.h>

#include <atomic>

namespace lapidary::cli {

namespace {

// A signal handler knows no object, so these are the only variables of the program outside one.
std::atomic<engine::Session*> runningSession = nullptr;
std::atomic<bool> wasRequested = false;
static_assert(std::atomic<engine::Session*>::is_always_lock_free);

void onInterrupt(int /*signal*/) {
    if (wasRequested.exchange(true))
        _exit(static_cast<int>(ExitCode::Cancelled));
    if (engine::Session* session = runningSession.load())
        session->cancel();
}

} // namespace

Interrupt::Interrupt() {
    struct sigaction action = {};
    action.sa_handler = onInterrupt;
    sigemptyset(&action.sa_mask);
    // Without SA_RESTART, so that waiting for a line ends, too.
    sigaction(SIGINT, &action, nullptr);
}

Interrupt::~Interrupt() {
    std::signal(SIGINT, SIG_DFL);
}

void Interrupt::setRunning(engine::Session* session) {
    runningSession = session;
    wasRequested = false;
}

bool Interrupt::requested() {
    return wasRequested;
}

} // namespace lapidary::cli
