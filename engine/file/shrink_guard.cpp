#include "file/shrink_guard.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>

#include <sys/mman.h>
#include <unistd.h>

namespace lapidary::engine {

namespace {

/// A watched mapping; free while `begin` is 0. The handler reads it, so that all of it is atomic
/// and lock-free.
struct Watch {
    std::atomic<std::uintptr_t> begin = 0;
    std::atomic<std::uintptr_t> end = 0;
    std::atomic<bool> lost = false;
};
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free);

// Signal handlers belong to the process, so this state does too.
std::array<Watch, 4096> watches; // NOLINT(*-avoid-non-const-global-variables)
struct sigaction previous;       // NOLINT(*-avoid-non-const-global-variables)
std::uintptr_t pageSize = 4096;  // NOLINT(*-avoid-non-const-global-variables)

void passOn(int signal, siginfo_t* information, void* context) {
    if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr) {
        previous.sa_sigaction(signal, information, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(signal);
    } else {
        // The instruction faults again when the handler returns, now fatally.
        sigaction(SIGBUS, &previous, nullptr);
    }
}

/// A page past the end of a file cannot come back while we run, so everything from the fault to
/// the end of the mapping becomes zeros at once. mmap is a bare system call and safe here.
void replaceLostPages(int signal, siginfo_t* information, void* context) {
    const int savedErrno = errno;
    const auto address = reinterpret_cast<std::uintptr_t>(information->si_addr);
    for (Watch& watch : watches) {
        const std::uintptr_t begin = watch.begin.load(std::memory_order_acquire);
        const std::uintptr_t end = watch.end.load(std::memory_order_acquire);
        if (begin == 0 || address < begin || address >= end)
            continue;
        const std::uintptr_t within = address % pageSize;
        std::byte* const page = static_cast<std::byte*>(information->si_addr) - within;
        void* const zeros = mmap(page, end - (address - within), PROT_READ,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
        if (zeros == MAP_FAILED)
            break;
        watch.lost.store(true, std::memory_order_release);
        errno = savedErrno;
        return;
    }
    errno = savedErrno;
    passOn(signal, information, context);
}

void installHandler() {
    pageSize = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    struct sigaction action = {};
    action.sa_sigaction = replaceLostPages;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous);
}

} // namespace

std::optional<std::size_t> watchMapping(std::span<const std::byte> mapping) {
    static std::once_flag installed;
    std::call_once(installed, installHandler);
    // A slot is claimed through `end`, and lives once `begin` is set.
    const auto begin = reinterpret_cast<std::uintptr_t>(mapping.data());
    for (std::size_t slot = 0; slot < watches.size(); ++slot) {
        std::uintptr_t unused = 0;
        if (!watches.at(slot).end.compare_exchange_strong(unused, begin + mapping.size()))
            continue;
        watches.at(slot).lost.store(false, std::memory_order_release);
        watches.at(slot).begin.store(begin, std::memory_order_release);
        return slot;
    }
    return std::nullopt;
}

void unwatchMapping(std::size_t watch) {
    watches.at(watch).begin.store(0, std::memory_order_release);
    watches.at(watch).end.store(0, std::memory_order_release);
}

bool hasLostPages(std::size_t watch) {
    return watches.at(watch).lost.load(std::memory_order_acquire);
}

} // namespace lapidary::engine
