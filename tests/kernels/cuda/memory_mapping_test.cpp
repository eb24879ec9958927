#include "card_test.h"
#include "cuda/memory_mapping.h"
#include "registry.h"

#include <QTest>

#include <cstring>
#include <map>

using namespace lapidary;
using namespace lapidary::kernels;
using namespace lapidary::kernels::test;
using cuda::mapOnCard;
using cuda::MappingCalls;

namespace {

constexpr std::size_t kGranule = std::size_t{2} << 20U;

/// A driver of numbers: what is made, mapped and open.
struct Driver {
    static constexpr CUdeviceptr kBegin = 0x7000'0000'0000;

    std::size_t freeBytes = 100 * kGranule;
    std::size_t reserved = 0;
    std::map<CUmemGenericAllocationHandle, std::size_t> made; // not released yet
    std::map<CUdeviceptr, std::size_t> mapped;
    std::size_t opened = 0; // bytes that may be touched
    CUmemGenericAllocationHandle next = 1;
    CUresult mapResult = CUDA_SUCCESS;
    CUresult accessResult = CUDA_SUCCESS;
};
Driver driver; // the calls are plain functions

MappingCalls fakeCalls() {
    MappingCalls calls;
    calls.granularity = [](std::size_t* bytes, const CUmemAllocationProp*,
                           CUmemAllocationGranularity_flags) {
        *bytes = kGranule;
        return CUDA_SUCCESS;
    };
    calls.reserve = [](CUdeviceptr* begin, std::size_t bytes, std::size_t, CUdeviceptr,
                       unsigned long long) {
        *begin = Driver::kBegin;
        driver.reserved = bytes;
        return CUDA_SUCCESS;
    };
    calls.freeAddresses = [](CUdeviceptr begin, std::size_t bytes) {
        if (begin != Driver::kBegin || bytes != driver.reserved || !driver.mapped.empty())
            return CUDA_ERROR_INVALID_VALUE;
        driver.reserved = 0;
        return CUDA_SUCCESS;
    };
    calls.create = [](CUmemGenericAllocationHandle* handle, std::size_t bytes,
                      const CUmemAllocationProp* properties, unsigned long long) {
        if (properties->location.id != 3 || bytes % kGranule != 0)
            return CUDA_ERROR_INVALID_VALUE;
        if (bytes > driver.freeBytes)
            return CUDA_ERROR_OUT_OF_MEMORY;
        driver.freeBytes -= bytes;
        *handle = driver.next++;
        driver.made[*handle] = bytes;
        return CUDA_SUCCESS;
    };
    calls.map = [](CUdeviceptr at, std::size_t bytes, std::size_t,
                   CUmemGenericAllocationHandle handle, unsigned long long) {
        if (driver.mapResult == CUDA_SUCCESS) {
            if (driver.made.at(handle) != bytes || at + bytes > Driver::kBegin + driver.reserved)
                return CUDA_ERROR_INVALID_VALUE;
            driver.mapped[at] = bytes;
        }
        return driver.mapResult;
    };
    // Physical memory goes back when neither a handle nor a mapping has it.
    calls.release = [](CUmemGenericAllocationHandle handle) {
        const std::size_t bytes = driver.made.at(handle);
        driver.made.erase(handle);
        if (driver.mapResult != CUDA_SUCCESS)
            driver.freeBytes += bytes;
        return CUDA_SUCCESS;
    };
    calls.unmap = [](CUdeviceptr at, std::size_t bytes) {
        const auto found = driver.mapped.find(at);
        if (found == driver.mapped.end() || found->second != bytes)
            return CUDA_ERROR_INVALID_VALUE;
        driver.freeBytes += bytes;
        driver.mapped.erase(found);
        return CUDA_SUCCESS;
    };
    calls.setAccess = [](CUdeviceptr at, std::size_t bytes, const CUmemAccessDesc* access,
                         std::size_t) {
        if (access->location.id != 3 || access->flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE
            || driver.mapped.at(at) != bytes)
            return CUDA_ERROR_INVALID_VALUE;
        if (driver.accessResult == CUDA_SUCCESS)
            driver.opened = std::size_t(at - Driver::kBegin) + bytes;
        return driver.accessResult;
    };
    return calls;
}

} // namespace

/// The order of the driver's calls, with a driver that has no card.
class MemoryMappingTest final : public QObject {
    Q_OBJECT

private slots:
    void init() { driver = Driver(); }

    void itGrowsByWholeGranules() {
        {
            const auto memory = mapOnCard(fakeCalls(), 3, 10 * kGranule - 5);
            QVERIFY(memory != nullptr);
            QCOMPARE(driver.reserved, 10 * kGranule);
            QCOMPARE(memory->bytes(), std::size_t{0});
            for (const auto& [asked, granules] : {std::pair{std::size_t{1}, 1U},
                                                  {kGranule, 1U},
                                                  {kGranule + 1, 2U},
                                                  {kGranule, 2U},
                                                  {7 * kGranule - 1, 7U},
                                                  {10 * kGranule - 5, 10U}}) {
                QVERIFY(memory->grow(asked));
                QCOMPARE(memory->bytes(), granules * kGranule);
                QCOMPARE(driver.opened, memory->bytes());
                QCOMPARE(memory->data(), reinterpret_cast<void*>(std::uintptr_t(Driver::kBegin)));
                QVERIFY(driver.made.empty());
            }
            QCOMPARE(driver.mapped.size(), std::size_t{4});
            QCOMPARE(driver.freeBytes, 90 * kGranule);
        }
        QCOMPARE(driver.reserved, std::size_t{0});
        QCOMPARE(driver.freeBytes, 100 * kGranule);
    }

    void littleIsNotMapped() { QVERIFY(mapOnCard(fakeCalls(), 3, kGranule) == nullptr); }

    void whatIsThereStaysWhereMoreIsRefused() {
        driver.freeBytes = 3 * kGranule;
        const auto memory = mapOnCard(fakeCalls(), 3, 10 * kGranule);
        QVERIFY(memory->grow(2 * kGranule));
        const auto grown = memory->grow(10 * kGranule);
        QVERIFY(!grown);
        QCOMPARE(grown.error().kind, ErrorKind::DoesNotFit);
        QCOMPARE(memory->bytes(), 2 * kGranule);
        QVERIFY(memory->grow(3 * kGranule));
    }

    void nothingIsLeftBehindByWhatFails() {
        const auto memory = mapOnCard(fakeCalls(), 3, 10 * kGranule);
        QVERIFY(memory->grow(kGranule));
        driver.mapResult = CUDA_ERROR_UNKNOWN;
        QVERIFY(!memory->grow(2 * kGranule));
        driver.mapResult = CUDA_SUCCESS;
        driver.accessResult = CUDA_ERROR_OUT_OF_MEMORY;
        QVERIFY(!memory->grow(2 * kGranule));
        QCOMPARE(driver.freeBytes, 99 * kGranule);
        QVERIFY(driver.made.empty() && driver.mapped.size() == 1);
        driver.accessResult = CUDA_SUCCESS;
        QVERIFY(memory->grow(2 * kGranule));
        QCOMPARE(memory->bytes(), 2 * kGranule);
    }
};

/// The same on a card: a cache that grows under recorded steps.
class CudaGrowingMemoryTest final : public CardTest {
    Q_OBJECT

private slots:
    void itGrowsInPlace() {
        constexpr std::int64_t kRow = 1 << 20; // numbers of bf16: a granule
        const auto memory = pair_.card->reserve(20 * kGranule);
        QVERIFY(memory);
        void* const begin = (*memory)->data();
        const Tensor all(begin, DType::BF16, {20, kRow});
        for (int granules = 1; granules <= 20; granules += 3) {
            QVERIFY((*memory)->grow(std::size_t(granules) * kGranule));
            QCOMPARE((*memory)->data(), begin);
            const std::vector<std::uint16_t> row(kRow, std::uint16_t(granules));
            pair_.card->upload(std::as_bytes(std::span(row)), all.slice(granules - 1, 1));
        }
        for (int granules = 1; granules <= 20; granules += 3) {
            std::vector<std::uint16_t> row(kRow);
            pair_.card->download(all.slice(granules - 1, 1),
                                 std::as_writable_bytes(std::span(row)));
            QVERIFY(pair_.card->wait());
            QCOMPARE(row, std::vector<std::uint16_t>(kRow, std::uint16_t(granules)));
        }
    }

    void itsMemoryGoesBack() {
        const std::size_t before = pair_.card->describe().freeBytes;
        {
            const auto memory = pair_.card->reserve(500 * kGranule);
            QVERIFY(memory && (*memory)->grow(400 * kGranule));
            QVERIFY(pair_.card->describe().freeBytes <= before - 400 * kGranule);
            if (MappingCalls::of(pair_.card->describe().index) != nullptr)
                QCOMPARE((*memory)->bytes(), 400 * kGranule);
        }
        QVERIFY(pair_.card->describe().freeBytes + kGranule > before);
    }

    void moreThanThereIsIsRefused() {
        const DeviceDescription card = pair_.card->describe();
        if (MappingCalls::of(card.index) == nullptr)
            QSKIP("this card maps no memory");
        const auto memory = pair_.card->reserve(2 * card.totalBytes);
        QVERIFY(memory && (*memory)->grow(kGranule));
        const auto grown = (*memory)->grow(2 * card.totalBytes);
        QVERIFY(!grown);
        QCOMPARE(grown.error().kind, ErrorKind::DoesNotFit);
        QVERIFY(pair_.card->wait());
        QVERIFY((*memory)->grow(2 * kGranule));
    }

    // Steps that are recorded before the cache has grown are repeated after.
    void recordedStepsFollowTheCache() {
        constexpr int kHeads = 4, kHeadDim = 512, kSteps = 4200, kCapacity = 16384;
        constexpr std::size_t kRowBytes = kHeadDim * 2; // a granule is 2048 positions
        std::mt19937 random(5);
        const Twin q = Twin::random(pair_, random, {1, kHeads, kHeadDim});
        const Twin k = Twin::random(pair_, random, {1, 1, kHeadDim});
        const Table norm(pair_, std::vector<float>(kHeadDim, 1), {kHeadDim});
        const Table frequencies(pair_, randomNumbers(random, kHeadDim / 2, 0.1F), {kHeadDim / 2});
        const Twin turned = Twin::unwritten(pair_, {1, kHeads, kHeadDim});
        const Twin zero = Twin::random(pair_, random, {1, kHeads, kHeadDim}, 0);

        const auto attend = [&](const std::array<std::unique_ptr<GrowingMemory>, 2>& cache,
                                bool grows) {
            const KvView view{.k = Tensor(cache[0]->data(), DType::BF16, {kCapacity, 1, kHeadDim}),
                              .v = Tensor(cache[1]->data(), DType::BF16, {kCapacity, 1, kHeadDim})};
            const Twin out = Twin::unwritten(pair_, {1, kHeads, kHeadDim});
            std::unique_ptr<Backend::Recording> recording;
            std::vector<float> outs;
            for (int position = 0; position < kSteps; ++position) {
                for (const auto& one : cache)
                    if (!one->grow((grows ? std::size_t(position) + 1 : kCapacity) * kRowBytes))
                        qFatal("the card is full");
                pair_.card->repeat(recording, position, [&] {
                    // q is raw in every step.
                    pair_.card->scaledSum(q.card, zero.card, 1, turned.card);
                    pair_.card->rotateAndAttend({.q = turned.card,
                                                 .k = k.card,
                                                 .v = k.card,
                                                 .qNorm = norm.card,
                                                 .kNorm = norm.card,
                                                 .frequencies = frequencies.card,
                                                 .firstPosition = position,
                                                 .cache = view},
                                                {.q = turned.card,
                                                 .cache = view,
                                                 .firstPosition = position,
                                                 .runs = {},
                                                 .out = out.card});
                });
                if (position % 300 == 0 || position == kSteps - 1) {
                    const std::vector<float> numbers = out.fromCard(*pair_.card);
                    outs.insert(outs.end(), numbers.begin(), numbers.end());
                }
            }
            return outs;
        };
        const auto reserve = [&] {
            std::array<std::unique_ptr<GrowingMemory>, 2> cache;
            for (auto& one : cache)
                one = std::move(*pair_.card->reserve(kCapacity * kRowBytes));
            return cache;
        };
        const std::vector<float> whole = attend(reserve(), false);
        const std::vector<float> grown = attend(reserve(), true);
        QCOMPARE(grown.size(), whole.size());
        QVERIFY(std::memcmp(grown.data(), whole.data(), whole.size() * sizeof(float)) == 0);
    }

    // A larger operation takes more scratch, which stays where recorded steps expect it.
    void recordedStepsOutliveLargerOperations() {
        if (MappingCalls::of(pair_.card->describe().index) == nullptr)
            QSKIP("this card maps no memory");
        const auto fresh = openDevice(pair_.card->describe().id); // without scratch so far
        QVERIFY(fresh);
        Backend& card = **fresh;
        std::vector<Buffer> memory;
        const auto take = [&](DType type, std::initializer_list<std::int64_t> shape) {
            Tensor tensor(nullptr, type, shape);
            memory.push_back(*card.allocate(tensor.bytes()));
            tensor.data = memory.back().memory.get();
            return tensor;
        };
        constexpr std::int64_t kVocabulary = 20000;
        constexpr std::int64_t kRows = 600;
        std::mt19937 random(6);
        const Tensor logits = take(DType::F32, {kRows, kVocabulary});
        const Tensor tokens = take(DType::I32, {kRows});
        const auto numbers = randomNumbers(random, kRows * kVocabulary);
        const auto draw = [&](std::int64_t rows) {
            card.sample({.logits = logits.slice(0, rows),
                         .sampling = {.seed = 3},
                         .seenTokens = {},
                         .bannedTokens = {},
                         .tokens = tokens.slice(0, rows)});
        };
        const auto drawn = [&](std::int64_t rows) {
            std::vector<std::int32_t> ids(static_cast<std::size_t>(rows));
            card.download(tokens.slice(0, rows), std::as_writable_bytes(std::span(ids)));
            return card.wait() ? ids : std::vector<std::int32_t>{};
        };
        card.upload(std::as_bytes(std::span(numbers)), logits);
        int queued = 0;
        std::unique_ptr<Backend::Recording> recording;
        std::vector<std::vector<std::int32_t>> steps;
        for (int step = 0; step < 6; ++step) {
            card.repeat(recording, step, [&] {
                ++queued;
                draw(1);
            });
            steps.push_back(drawn(1));
            if (step == 3) {
                draw(kRows);
                QCOMPARE(drawn(kRows).front(), steps.front().front());
            }
        }
        QCOMPARE(queued, 2); // as it is, then recorded
        QCOMPARE(steps, std::vector(6, steps.front()));
        QCOMPARE(steps.front().size(), std::size_t{1});
    }
};

static const Registered<MemoryMappingTest> mappingRegistered;
static const Registered<CudaGrowingMemoryTest> growingRegistered;

#include "memory_mapping_test.moc"
