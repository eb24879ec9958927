#include "cuda/packer.h"

#include "cuda/code_check.h"
#include "cuda/packing_lane.h"

#include <algorithm>
#include <span>
#include <utility>

namespace lapidary::kernels::cuda {

namespace {

/// A weight whose memory is taken and not written yet.
struct Unpacked {
    Weight weight;
    std::shared_ptr<CardWeight> memory;
};

Expected<Unpacked> takeMemory(WeightMemory& from, const WeightSource& source, WeightFormat as) {
    const bool quantised = packingOf(source, as) == Packing::Quantised;
    // The card multiplies bf16 and e4m3: f32 is rounded.
    const WeightFormat target = as == WeightFormat::Fp8 ? WeightFormat::Fp8 : WeightFormat::BF16;
    const std::int64_t rows = source.experts * source.rows;
    auto memory = std::make_shared<CardWeight>();
    auto numbers = from.take(static_cast<std::size_t>(rows * source.columns) * elementSize(target));
    if (!numbers)
        return std::unexpected(std::move(numbers.error()));
    memory->numbers = std::move(*numbers);
    if (target == WeightFormat::Fp8) {
        auto scales = from.take(static_cast<std::size_t>(rows) * sizeof(float));
        if (!scales)
            return std::unexpected(std::move(scales.error()));
        memory->scales = std::move(*scales);
    }
    return Unpacked{.weight = Weight(target, source.experts, source.rows, source.columns, memory,
                                     quantised || source.quantisedInput),
                    .memory = memory};
}

} // namespace

Expected<Weight> packOnCard(Stream& stream, const WeightSource& source, WeightFormat as) {
    WeightMemory memory(stream, 0);
    auto unpacked = takeMemory(memory, source, as);
    if (!unpacked)
        return std::unexpected(std::move(unpacked.error()));
    PackingLane lane(stream.device(), 0);
    for (const PackingPiece& piece :
         cutIntoPieces(source, as, unpacked->memory, Reading{}.pieceBytes))
        lane.bring(piece);
    if (auto done = lane.finish(); !done)
        return std::unexpected(std::move(done.error()));
    return std::move(unpacked->weight);
}

CardPacker::CardPacker(Stream& stream, std::size_t bytes, Watch watch, const Reading& reading)
    : stream_(stream), memory_(stream, bytes), watch_(std::move(watch)), reading_(reading) {
    if (reading_.readers == 0)
        reading_.readers =
            std::clamp(static_cast<int>(std::thread::hardware_concurrency() * 3 / 4), 1, 12);
}

CardPacker::~CardPacker() {
    {
        const std::scoped_lock lock(mutex_);
        queue_.clear();
    }
    stop();
}

Expected<Weight> CardPacker::pack(const std::string& name, const WeightSource& source,
                                  WeightFormat as) {
    auto unpacked = takeMemory(memory_, source, as);
    if (!unpacked)
        return std::unexpected(std::move(unpacked.error()));
    if (readers_.empty())
        start();
    {
        const std::scoped_lock lock(mutex_);
        for (PackingPiece& piece :
             cutIntoPieces(source, as, unpacked->memory, reading_.pieceBytes)) {
            queue_.push_back(std::move(piece));
            ++pending_;
        }
    }
    queued_.notify_all();
    // Ahead enough that readers never wait for the next matrix, and near enough to hear of a
    // cancel.
    if (auto done = waitUntilQueued(std::size_t{8} * static_cast<std::size_t>(reading_.readers));
        !done)
        return std::unexpected(std::move(done.error()));
    if (source.format == WeightFormat::Fp8)
        codes_.push_back({.name = name, .weight = unpacked->memory});
    return std::move(unpacked->weight);
}

Expected<void> CardPacker::finish() {
    auto done = waitUntilQueued(0);
    stop();
    if (done && !error_)
        checkCodesOfAll();
    codes_.clear();
    if (done && error_)
        return std::unexpected(*error_);
    return done;
}

/// A card reads all that it was brought in some milliseconds, where a core of the host would take
/// two thirds as long for looking at codes as for copying them.
void CardPacker::checkCodesOfAll() {
    if (codes_.empty())
        return;
    auto memory = stream_.allocate(sizeof(unsigned));
    if (!memory) {
        error_ = std::move(memory.error());
        return;
    }
    auto* const least = static_cast<unsigned*>(memory->memory.get());
    stream_.check(cudaMemsetAsync(least, 0xFF, sizeof *least, stream_.handle()), "clearing memory");
    static_assert(kNoneIsNan == 0xFFFFFFFFU);
    for (std::size_t i = 0; i < codes_.size(); ++i) {
        const Buffer& numbers = codes_[i].weight->numbers;
        checkCodes(static_cast<const std::byte*>(numbers.memory.get()), numbers.bytes,
                   static_cast<unsigned>(i), least, stream_.handle());
    }
    unsigned first = kNoneIsNan;
    stream_.download(least, std::as_writable_bytes(std::span(&first, 1)));
    if (auto checked = stream_.wait(); !checked)
        error_ = std::move(checked.error());
    else if (first != kNoneIsNan)
        error_ = nanIn(codes_.at(first).name);
}

void CardPacker::start() {
    stopping_ = false;
    for (int i = 0; i < reading_.readers; ++i)
        readers_.emplace_back([this] { read(); });
}

void CardPacker::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    queued_.notify_all();
    readers_.clear();
}

void CardPacker::read() {
    PackingLane lane(stream_.device(), reading_.pinned ? reading_.pieceBytes : 0);
    for (;;) {
        PackingPiece piece;
        {
            std::unique_lock lock(mutex_);
            queued_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
            if (queue_.empty())
                break;
            piece = std::move(queue_.front());
            queue_.pop_front();
        }
        lane.bring(piece);
        {
            const std::scoped_lock lock(mutex_);
            readBytes_ += piece.bytes;
            --pending_;
            if (lane.error() && !error_)
                error_ = lane.error();
        }
        done_.notify_one();
    }
    auto result = lane.finish();
    const std::scoped_lock lock(mutex_);
    if (!result && !error_)
        error_ = std::move(result.error());
}

/// Waits until at most so many pieces are on their way, and tells the watch.
Expected<void> CardPacker::waitUntilQueued(std::size_t most) {
    std::unique_lock lock(mutex_);
    for (;;) {
        const std::size_t bytes = std::exchange(readBytes_, 0);
        const bool enough = pending_ <= most;
        if (error_)
            return std::unexpected(*error_);
        lock.unlock();
        if (bytes > 0 && !watch_(bytes))
            return fail(ErrorKind::Cancelled, "Loading was cancelled.");
        if (enough)
            return {};
        lock.lock();
        done_.wait(lock, [&] { return readBytes_ > 0; });
    }
}

} // namespace lapidary::kernels::cuda
