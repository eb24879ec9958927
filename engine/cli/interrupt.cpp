#include "cli/interrupt.h"

#include "cli/exit_code.h"

#include <csignal>
#include <unistd.h>

#include <atomic>

namespace lapidary::cli {

namespace {

// A signal handler knows no object, so these are the only variables of the program outside one.
std::atomic<std::stop_source*> running = nullptr;
std::atomic<bool> wasRequested = false;
static_assert(std::atomic<std::stop_source*>::is_always_lock_free);

void onInterrupt(int /*signal*/) {
    if (wasRequested.exchange(true))
        _exit(static_cast<int>(ExitCode::Cancelled));
    // Sessions poll their stop and register no callback, so this only sets a bit.
    if (std::stop_source* stop = running.load())
        stop->request_stop();
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

void Interrupt::setRunning(std::stop_source* stop) {
    running = stop;
    wasRequested = false;
}

bool Interrupt::requested() {
    return wasRequested;
}

} // namespace lapidary::cli
