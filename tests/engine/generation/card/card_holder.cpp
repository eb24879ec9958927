#include "card_holder.h"

#include <kernels/backend.h>
#include <kernels/device.h>

#include <csignal>
#include <cstddef>
#include <memory>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lapidary::engine::test {

namespace {

constexpr char kHold = 'h';
constexpr char kRelease = 'r';
constexpr char kDone = 'd';
constexpr char kFailed = 'f';

/// Pieces of falling size, until not even a page of the card is left.
std::vector<kernels::Buffer> takeAll(kernels::Backend& card) {
    std::vector<kernels::Buffer> taken;
    for (std::size_t bytes = std::size_t{1} << 30U; bytes >= std::size_t{2} << 20U; bytes /= 2)
        while (auto piece = card.allocate(bytes))
            taken.push_back(std::move(*piece));
    return taken;
}

[[noreturn]] void serve(int orders, int answers) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::unique_ptr<kernels::Backend> card;
    std::vector<kernels::Buffer> taken;
    char order = 0;
    while (read(orders, &order, 1) == 1) {
        if (card == nullptr)
            if (auto opened = kernels::openDevice(kernels::listDevices().front().id))
                card = std::move(*opened);
        char answer = kDone;
        if (order == kRelease)
            taken.clear();
        else if (card == nullptr || (taken = takeAll(*card)).empty())
            answer = kFailed;
        if (write(answers, &answer, 1) != 1)
            break;
    }
    _exit(0);
}

} // namespace

CardHolder::CardHolder() {
    int orders[2] = {};
    int answers[2] = {};
    if (pipe(orders) != 0 || pipe(answers) != 0)
        return;
    child_ = fork();
    if (child_ == 0) {
        close(orders[1]);
        close(answers[0]);
        serve(orders[0], answers[1]);
    }
    close(orders[0]);
    close(answers[1]);
    orders_ = orders[1];
    answers_ = answers[0];
}

CardHolder::~CardHolder() {
    close(orders_);
    close(answers_);
    if (child_ > 0)
        waitpid(child_, nullptr, 0);
}

bool CardHolder::hold() {
    return tell(kHold);
}

bool CardHolder::release() {
    return tell(kRelease);
}

bool CardHolder::tell(char order) {
    char answer = kFailed;
    return child_ > 0 && write(orders_, &order, 1) == 1 && read(answers_, &answer, 1) == 1
           && answer == kDone;
}

} // namespace lapidary::engine::test
