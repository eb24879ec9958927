#include "cpu/host_packer.h"

#include "e4m3_codes.h"

#include <algorithm>
#include <span>

namespace lapidary::kernels {

Expected<Weight> HostPacker::pack(const std::string& name, const WeightSource& source,
                                  WeightFormat as) {
    for (const std::span<const std::byte> place : source.places())
        if (auto read = readThrough(name, source.format, place); !read)
            return std::unexpected(std::move(read.error()));
    return backend_.pack(source, as);
}

Expected<void> HostPacker::readThrough(const std::string& name, WeightFormat format,
                                       std::span<const std::byte> place) const {
    constexpr std::size_t kPage = 4096;
    constexpr std::size_t kPiece = std::size_t{16} << 20U;
    for (std::size_t begin = 0; begin < place.size(); begin += kPiece) {
        const std::size_t size = std::min(kPiece, place.size() - begin);
        const std::span<const std::byte> piece = place.subspan(begin, size);
        if (format == WeightFormat::Fp8 && hasNan(piece))
            return std::unexpected(nanIn(name));
        for (std::size_t at = 0; at < piece.size(); at += kPage) [[maybe_unused]]
            const std::byte touched = static_cast<const volatile std::byte&>(piece[at]);
        if (!watch_(size))
            return fail(ErrorKind::Cancelled, "Loading was cancelled.");
    }
    return {};
}

} // namespace lapidary::kernels
