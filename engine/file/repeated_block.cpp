#include "file/repeated_block.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <format>

namespace lapidary::engine {

namespace {

std::unexpected<Error> noRoom(std::size_t bytes) {
    return fail(ErrorKind::DoesNotFit,
                "There is no memory for random weights. Close other programs, or choose a smaller "
                "size.",
                std::format("mapping {} bytes: {}", bytes, std::strerror(errno)));
}

} // namespace

Expected<std::unique_ptr<RepeatedBlock>>
RepeatedBlock::make(std::size_t block, std::size_t length,
                    const std::function<void(std::span<std::byte>)>& fill) {
    const std::size_t times = (length + block - 1) / block;
    const int file = memfd_create("lapidary random weights", MFD_CLOEXEC);
    if (file < 0)
        return noRoom(block);
    void* const reserved = ftruncate(file, static_cast<off_t>(block)) == 0
                               ? mmap(nullptr, times * block, PROT_NONE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                               : MAP_FAILED;
    if (reserved == MAP_FAILED) {
        close(file);
        return noRoom(times * block);
    }
    auto* const begin = static_cast<std::byte*>(reserved);
    std::unique_ptr<RepeatedBlock> result(new RepeatedBlock({begin, times * block}));
    bool mapped = true;
    for (std::size_t i = 0; i < times && mapped; ++i)
        mapped = mmap(begin + i * block, block, i == 0 ? PROT_READ | PROT_WRITE : PROT_READ,
                      MAP_SHARED | MAP_FIXED, file, 0)
                 != MAP_FAILED;
    close(file);
    if (!mapped)
        return noRoom(times * block);
    fill({begin, block});
    return result;
}

RepeatedBlock::~RepeatedBlock() {
    munmap(bytes_.data(), bytes_.size());
}

} // namespace lapidary::engine
