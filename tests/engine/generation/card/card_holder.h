#pragma once

#include <sys/types.h>

namespace lapidary::engine::test {

/// A second process, which takes the memory of a card and gives it back. It is forked: make it
/// before this process has used a card, whose driver is not for two.
class CardHolder {
public:
    CardHolder();
    CardHolder(const CardHolder&) = delete;
    CardHolder& operator=(const CardHolder&) = delete;
    ~CardHolder();

    /// Takes all that is free on the first card but less than 2 MiB. False where that failed.
    [[nodiscard]] bool hold();

    /// Gives it back; it is free when this returns.
    [[nodiscard]] bool release();

private:
    [[nodiscard]] bool tell(char order);

    pid_t child_ = -1;
    int orders_ = -1;  // written here
    int answers_ = -1; // read here
};

} // namespace lapidary::engine::test
