#include "card_test.h"
#include "cuda/card_weight.h"
#include "cuda/packer.h"
#include "quantise.h"
#include "registry.h"

#include <QElapsedTimer>
#include <QTest>

#include <cuda_runtime_api.h>

#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <utility>
#include <vector>

using namespace lapidary;
using namespace lapidary::kernels;
using namespace lapidary::kernels::test;
using cuda::CardPacker;
using cuda::CardWeight;
using cuda::Packing;
using cuda::PackingPiece;
using cuda::Reading;

namespace {

constexpr std::size_t kPiece = 4096;

/// A matrix on the host and what of it the card should hold.
struct Matrix {
    WeightFormat format = WeightFormat::BF16;
    WeightFormat as = WeightFormat::BF16;
    std::int64_t experts = 1;
    std::int64_t rows = 1;
    std::int64_t columns = 1;
    std::vector<std::byte> data;
    std::vector<float> scales;

    Matrix(std::mt19937& random, WeightFormat from, WeightFormat to, std::int64_t expertCount,
           std::int64_t rowCount, std::int64_t columnCount)
        : format(from)
        , as(to)
        , experts(expertCount)
        , rows(rowCount)
        , columns(columnCount)
        , data(static_cast<std::size_t>(experts * rows * columns) * elementSize(from)) {
        for (std::int64_t i = 0; i < experts * rows * columns; ++i)
            setNumber(i, std::normal_distribution<float>(0, 1)(random));
        if (from == WeightFormat::Fp8)
            scales = randomNumbers(random, experts * rows, 0.1F, 1);
    }

    /// Each expert in a place of its own.
    [[nodiscard]] WeightSource apart() const {
        WeightSource result = source();
        const std::size_t each = data.size() / static_cast<std::size_t>(experts);
        for (std::size_t begin = 0; begin < data.size(); begin += each)
            result.parts.push_back(result.data.subspan(begin, each));
        result.data = {};
        return result;
    }

    [[nodiscard]] WeightSource source() const {
        return {.format = format,
                .experts = experts,
                .rows = rows,
                .columns = columns,
                .data = data,
                .owner = nullptr,
                .scales = scales,
                .quantisedInput = format == WeightFormat::Fp8};
    }

    /// The bytes of the numbers, and the scales behind them.
    [[nodiscard]] std::vector<std::byte> expected() const {
        std::vector<std::byte> bytes = data;
        std::vector<float> rowScales = scales;
        if (as == WeightFormat::Fp8 && format != as) {
            bytes.resize(static_cast<std::size_t>(experts * rows * columns));
            for (std::int64_t row = 0; row < experts * rows; ++row)
                rowScales.push_back(quantiseRow(
                    columns, [&](std::int64_t i) { return bf16At(row * columns + i); },
                    [&](std::int64_t i, std::uint8_t code) {
                        bytes[static_cast<std::size_t>(row * columns + i)] = std::byte{code};
                    }));
        } else if (format == WeightFormat::F32) {
            bytes.resize(static_cast<std::size_t>(experts * rows * columns) * 2);
            for (std::int64_t i = 0; i < experts * rows * columns; ++i) {
                const std::uint16_t half = bf16At(i);
                std::memcpy(bytes.data() + 2 * i, &half, 2);
            }
        }
        const auto tail = std::as_bytes(std::span(rowScales));
        bytes.insert(bytes.end(), tail.begin(), tail.end());
        return bytes;
    }

private:
    void setNumber(std::int64_t i, float number) {
        const std::uint16_t half = toBf16Bits(number);
        const std::uint8_t code = toE4m3(number);
        const auto size = elementSize(format);
        const void* from = &number;
        if (size == 2)
            from = &half;
        if (size == 1)
            from = &code;
        std::memcpy(data.data() + static_cast<std::size_t>(i) * size, from, size);
    }
    [[nodiscard]] std::uint16_t bf16At(std::int64_t i) const {
        std::uint16_t half = 0;
        float number = 0;
        if (format == WeightFormat::BF16)
            std::memcpy(&half, data.data() + 2 * i, 2);
        else
            std::memcpy(&number, data.data() + 4 * i, 4);
        return format == WeightFormat::BF16 ? half : toBf16Bits(number);
    }
};

/// Formats, and shapes that end just before, at and behind the borders of pieces.
void addMatrices() {
    QTest::addColumn<WeightFormat>("format");
    QTest::addColumn<WeightFormat>("as");
    QTest::addColumn<int>("experts");
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("columns");
    struct Way {
        const char* name;
        WeightFormat format, as;
    };
    constexpr auto kF32 = WeightFormat::F32;
    constexpr auto kBf16 = WeightFormat::BF16;
    constexpr auto kFp8 = WeightFormat::Fp8;
    for (const Way& way : {Way{"bf16", kBf16, kBf16},
                           {"f32", kF32, kF32},
                           {"fp8", kFp8, kFp8},
                           {"bf16 as fp8", kBf16, kFp8},
                           {"f32 as fp8", kF32, kFp8}}) {
        const int numbers = int(kPiece / elementSize(way.format)); // of a piece
        const int shapes[][3] = {{1, 1, 1},
                                 {1, 1, numbers - 1},
                                 {1, 1, numbers},
                                 {1, 1, numbers + 1},
                                 {1, 64, numbers / 64},
                                 {1, 65, numbers / 64},
                                 {1, 63, numbers / 64 + 1},
                                 {1, 3, 2 * numbers + 5},
                                 {1, 1000, 333},
                                 {5, 77, 96}};
        for (const auto& [experts, rows, columns] : shapes)
            QTest::addRow("%s, %d x %d x %d", way.name, experts, rows, columns)
                << way.format << way.as << experts << rows << columns;
    }
}

Matrix fetched() {
    QFETCH(WeightFormat, format);
    QFETCH(WeightFormat, as);
    QFETCH(int, experts);
    QFETCH(int, rows);
    QFETCH(int, columns);
    std::mt19937 random(5);
    return {random, format, as, experts, rows, columns};
}

} // namespace

/// A matrix is cut without a gap; needs no card.
class CudaPackingPieceTest final : public QObject {
    Q_OBJECT

private slots:
    void piecesCoverTheMatrix_data() { addMatrices(); }
    void piecesCoverTheMatrix() {
        const Matrix matrix = fetched();
        cover(matrix, matrix.source());
        cover(matrix, matrix.apart());
    }

private:
    static void cover(const Matrix& matrix, const WeightSource& source) {
        // Memory of the host in the place of the card's: a piece that is copied can be.
        auto to = std::make_shared<CardWeight>();
        std::vector<std::byte> numbers(matrix.expected().size());
        to->numbers.memory = {numbers.data(), [](void*) {}};
        const std::size_t packed =
            elementSize(matrix.as == WeightFormat::Fp8 ? WeightFormat::Fp8 : WeightFormat::BF16);
        const std::int64_t rows = matrix.experts * matrix.rows;
        if (packed == 1)
            to->scales.memory = {numbers.data() + rows * matrix.columns, [](void*) {}};
        const auto pieces = cuda::cutIntoPieces(source, matrix.as, to, kPiece);
        const bool copied = cuda::packingOf(source, matrix.as) == Packing::Copied;
        const auto rowBytes = std::size_t(matrix.columns) * elementSize(matrix.format);
        const std::byte* next = matrix.data.data();
        std::int64_t row = 0;
        for (const PackingPiece& piece : pieces) {
            QVERIFY(piece.bytes > 0);
            QVERIFY(piece.bytes <= kPiece || (!copied && piece.rows == 1));
            if (copied) {
                std::memcpy(piece.to, piece.from, piece.bytes);
                continue;
            }
            QCOMPARE(piece.from, next);
            QCOMPARE(piece.bytes, std::size_t(piece.rows) * rowBytes);
            QCOMPARE(piece.to, numbers.data() + std::size_t(row * matrix.columns) * packed);
            if (packed == 1)
                QCOMPARE(piece.scales, static_cast<float*>(to->scales.memory.get()) + row);
            next += piece.bytes;
            row += piece.rows;
        }
        if (copied)
            QCOMPARE(numbers, matrix.expected());
        else
            QCOMPARE(row, rows);
    }
};

/// What a packer brings to the card is what lies in the file.
class CudaPackingTest final : public CardTest {
    Q_OBJECT

private slots:
    void aWeightAlone_data() { addMatrices(); }
    void aWeightAlone() {
        const Matrix matrix = fetched();
        for (const WeightSource& source : {matrix.source(), matrix.apart()}) {
            const auto weight = pair_.card->pack(source, matrix.as);
            QVERIFY(weight.has_value());
            QCOMPARE(onCard(*weight), matrix.expected());
        }
    }

    void manyWeights_data() {
        QTest::addColumn<int>("readers");
        QTest::addColumn<bool>("pinned");
        QTest::addColumn<qulonglong>("planned"); // of 5 to 12 MB
        for (const int readers : {1, 2, 4})
            for (const bool pinned : {true, false})
                for (const qulonglong planned : {0, 2'000'000, 100'000'000})
                    QTest::addRow("%d readers, %s, %llu bytes planned", readers,
                                  pinned ? "pinned" : "as it is", planned)
                        << readers << pinned << planned;
    }
    void manyWeights() {
        QFETCH(int, readers);
        QFETCH(bool, pinned);
        QFETCH(qulonglong, planned);
        std::mt19937 random(6);
        std::vector<Matrix> matrices;
        for (int i = 0; i < 120; ++i) {
            const auto format =
                std::array{WeightFormat::F32, WeightFormat::BF16, WeightFormat::Fp8}[random() % 3];
            const bool quantised = random() % 2 == 0;
            matrices.emplace_back(random, format, quantised ? WeightFormat::Fp8 : format,
                                  1 + int(random() % 4), 1 + int(random() % 90),
                                  1 + int(random() % 900));
        }
        auto stream = cuda::Stream::open(0);
        QVERIFY(stream.has_value());
        std::size_t told = 0;
        CardPacker packer(
            **stream, planned,
            [&](std::size_t bytes) {
                told += bytes;
                return true;
            },
            Reading{.readers = readers, .pieceBytes = kPiece, .pinned = pinned});
        // A packer may be used again after `finish`.
        for (int round = 0; round < 2; ++round) {
            std::vector<Weight> weights;
            std::size_t bytes = 0;
            for (const Matrix& matrix : matrices) {
                auto weight = packer.pack("w", matrix.source(), matrix.as);
                QVERIFY(weight.has_value());
                weights.push_back(std::move(*weight));
                bytes += matrix.data.size() + matrix.scales.size() * sizeof(float);
            }
            const auto done = packer.finish();
            QVERIFY2(done, done ? "" : done.error().detail.c_str());
            QCOMPARE(std::exchange(told, 0), bytes);
            for (std::size_t i = 0; i < matrices.size(); ++i)
                QCOMPARE(onCard(weights[i]), matrices[i].expected());
        }
    }

    // The sizes that a model is read with, and how fast.
    void aLargeMatrix() {
        std::mt19937 random(7);
        Matrix matrix(random, WeightFormat::BF16, WeightFormat::BF16, 1, 1, 1);
        matrix.rows = (1 << 16) + 1;
        matrix.columns = 8191; // 1 GB and an odd rest
        matrix.data.resize(std::size_t(matrix.rows * matrix.columns) * 2);
        for (std::size_t i = 0; i < matrix.data.size(); i += 512)
            matrix.data[i] = std::byte(std::uint8_t(i / 512 * 31 + i / 131072));
        const auto packer = pair_.card->packer(0, [](std::size_t) { return true; });
        QElapsedTimer clock;
        clock.start();
        const auto weight = packer->pack("w", matrix.source(), WeightFormat::BF16);
        QVERIFY(weight.has_value());
        QVERIFY(packer->finish());
        qInfo("%.1f GB/s with the start of the threads and the pinning",
              double(matrix.data.size()) / double(clock.nsecsElapsed()));
        QVERIFY(onCard(*weight) == matrix.data);
    }

    void aCancelIsHeard() {
        std::mt19937 random(8);
        const Matrix matrix(random, WeightFormat::BF16, WeightFormat::Fp8, 1, 2000, 512);
        auto stream = cuda::Stream::open(0);
        QVERIFY(stream.has_value());
        int calls = 0;
        CardPacker packer(
            **stream, 0,
            [&](std::size_t) {
                ++calls; // one tells of all that was brought since the last
                return false;
            },
            Reading{.readers = 2, .pieceBytes = kPiece});
        auto weight = packer.pack("w", matrix.source(), WeightFormat::Fp8);
        QVERIFY(!weight.has_value());
        QCOMPARE(weight.error().kind, ErrorKind::Cancelled);
        QCOMPARE(calls, 1);
    }

    void codesThatAreNoNumbersAreRefused() {
        std::mt19937 random(9);
        Matrix matrix(random, WeightFormat::Fp8, WeightFormat::Fp8, 2, 50, 500);
        matrix.data[40000] = std::byte{0xFF};
        const Matrix sound(random, WeightFormat::Fp8, WeightFormat::Fp8, 1, 77, 333);
        const auto packer = pair_.card->packer(0, [](std::size_t) { return true; });
        for (const char* const name : {"sound", "another"})
            QVERIFY(packer->pack(name, sound.source(), WeightFormat::Fp8).has_value());
        const auto weight = packer->pack("the.name", matrix.source(), WeightFormat::Fp8);
        const auto done = packer->finish();
        QVERIFY(!done.has_value());
        QCOMPARE(done.error().kind, ErrorKind::Corrupt);
        QVERIFY(done.error().sentence.contains("the.name"));
        // The last code of all, behind the last 16, and what is not NaN next to it.
        for (const auto& [code, kept] : {std::pair{0x7F, false}, {0x7E, true}, {0xFE, true}}) {
            Matrix last = sound;
            last.data.back() = std::byte(code);
            const auto other = pair_.card->packer(0, [](std::size_t) { return true; });
            QVERIFY(other->pack("last", last.source(), WeightFormat::Fp8).has_value());
            QCOMPARE(other->finish().has_value(), kept);
        }
    }

private:
    /// The numbers, and the scales behind them.
    static std::vector<std::byte> onCard(const Weight& weight) {
        const auto& packed = static_cast<const CardWeight&>(weight.packed());
        std::vector<std::byte> bytes(packed.numbers.bytes + packed.scales.bytes);
        std::byte* to = bytes.data();
        for (const Buffer* buffer : {&packed.numbers, &packed.scales}) {
            if (buffer->bytes > 0
                && cudaMemcpy(to, buffer->memory.get(), buffer->bytes, cudaMemcpyDeviceToHost)
                       != cudaSuccess)
                return {};
            to += buffer->bytes;
        }
        return bytes;
    }
};

static const Registered<CudaPackingPieceTest> registeredPieces;
static const Registered<CudaPackingTest> registered;

#include "packing_test.moc"
