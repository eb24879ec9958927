#pragma once

#include "cuda/packing_piece.h"
#include "cuda/stream.h"
#include "cuda/weight_memory.h"
#include "packer.h"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace lapidary::kernels::cuda {

/// Backend::pack: the matrix row-major in the card's memory as bf16, or as e4m3 with a scale a row.
/// The source may go when this returns. DoesNotFit, DeviceLost.
[[nodiscard]] Expected<Weight> packOnCard(Stream& stream, const WeightSource& source,
                                          WeightFormat as);

/// How a CardPacker reads.
struct Reading {
    /// Threads that read. One copies some 8 GB a second out of mapped files that others read as
    /// well, where a card on sixteen lanes of PCIe 5 takes 55. 0: three quarters of the processors,
    /// at most 12.
    int readers = 0;
    /// Of a 12B in FP8 12 readers bring an H200 40 GB a second in pieces of 4 MiB, 38 of 2, 37 of 8
    /// and 30 of 1: each piece costs the driver some 10 us, and large buffers leave the caches.
    std::size_t pieceBytes = std::size_t{4} << 20U;
    bool pinned = true; ///< false: as where the computer grants no pinned memory
};

/// Packer on a card: threads read pieces of the sources into pinned memory, from where the card
/// fetches them, and quantises them while others are read.
class CardPacker final : public Packer {
public:
    ///   bytes  Backend::packer
    CardPacker(Stream& stream, std::size_t bytes, Watch watch, const Reading& reading = {});
    ~CardPacker() override;

    [[nodiscard]] Expected<Weight> pack(const std::string& name, const WeightSource& source,
                                        WeightFormat as) override;
    [[nodiscard]] Expected<void> finish() override;

private:
    /// A matrix of e4m3 as it came, of which no code may be NaN.
    struct Codes {
        std::string name;
        std::shared_ptr<const CardWeight> weight;
    };

    void start();
    void stop();
    void checkCodesOfAll();
    void read();
    [[nodiscard]] Expected<void> waitUntilQueued(std::size_t most);

    Stream& stream_;
    WeightMemory memory_;
    Watch watch_;
    Reading reading_;
    std::vector<Codes> codes_;
    std::mutex mutex_; ///< of what follows, but the threads
    std::condition_variable queued_;
    std::condition_variable done_;
    std::deque<PackingPiece> queue_;
    std::size_t pending_ = 0;   ///< pieces that are queued or being read
    std::size_t readBytes_ = 0; ///< that the watch does not know of
    bool stopping_ = false;
    std::optional<Error> error_;
    std::vector<std::jthread> readers_;
};

} // namespace lapidary::kernels::cuda
