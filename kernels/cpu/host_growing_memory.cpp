#include "cpu/host_growing_memory.h"

#include "assert.h"
#include "cpu/host_memory.h"
#include "cpu/processor.h"

#include <algorithm>

#include <sys/mman.h>
#include <unistd.h>

namespace lapidary::kernels {

namespace {

class HostGrowingMemory final : public GrowingMemory {
public:
    HostGrowingMemory(void* pages, std::size_t reserved, std::size_t page)
        : pages_(static_cast<std::byte*>(pages)), reserved_(reserved), page_(page) {}
    ~HostGrowingMemory() override { munmap(pages_, reserved_); }

    [[nodiscard]] void* data() const override { return pages_; }
    [[nodiscard]] std::size_t bytes() const override { return usable_; }

    [[nodiscard]] Expected<void> grow(std::size_t bytes) override {
        LAPIDARY_ASSERT(bytes <= reserved_);
        if (bytes <= usable_)
            return {};
        const std::size_t more = (bytes - usable_ + page_ - 1) / page_ * page_;
        // The system grants more than it has and ends programs that come to use it.
        if (more > availableMemory()
            || mprotect(pages_ + usable_, more, PROT_READ | PROT_WRITE) != 0)
            return noHostMemory(more);
        usable_ += more;
        return {};
    }

private:
    std::byte* pages_;
    std::size_t reserved_; // whole pages, as is usable_
    std::size_t usable_ = 0;
    std::size_t page_;
};

} // namespace

Expected<std::unique_ptr<GrowingMemory>> reserveHost(std::size_t mostBytes) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t reserved = (std::max<std::size_t>(mostBytes, 1) + page - 1) / page * page;
    if (reserved < mostBytes)
        return noHostMemory(mostBytes);
    void* const pages =
        mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED)
        return noHostMemory(mostBytes);
    return std::make_unique<HostGrowingMemory>(pages, reserved, page);
}

} // namespace lapidary::kernels
