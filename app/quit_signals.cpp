#include "quit_signals.h"

#include <array>
#include <csignal>
#include <cstddef>

#include <fcntl.h>
#include <unistd.h>

namespace lapidary::app {
namespace {

constexpr std::array kSignals = {SIGTERM, SIGINT, SIGHUP};

/// A signal handler may do nothing but write to a file: the ends of a pipe, reading one first.
std::array<int, 2> ends = {-1, -1}; // NOLINT(*-avoid-non-const-global-variables): the handler's

void tell(int) {
    const std::byte any = {};
    // A full pipe has told already.
    [[maybe_unused]] const ssize_t written = ::write(ends[1], &any, 1);
}

} // namespace

QuitSignals::QuitSignals(QObject* parent) : QObject(parent) {
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
        return; // without it the program ends at once, as any other
    arrived_.emplace(ends[0], QSocketNotifier::Read);
    connect(&*arrived_, &QSocketNotifier::activated, this, [this] {
        std::array<std::byte, 16> any = {};
        while (::read(ends[0], any.data(), any.size()) > 0) {
        }
        emit quitRequested();
    });
    for (const int signal : kSignals)
        std::signal(signal, tell);
}

QuitSignals::~QuitSignals() {
    for (const int signal : kSignals)
        std::signal(signal, SIG_DFL);
    arrived_.reset();
    for (int& end : ends) {
        if (end >= 0)
            ::close(end);
        end = -1;
    }
}

} // namespace lapidary::app
