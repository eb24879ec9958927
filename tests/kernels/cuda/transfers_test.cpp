#include "card_test.h"
#include "cuda/number_copies.h"
#include "cuda/staging.h"
#include "registry.h"

#include <QTest>

#include <algorithm>
#include <cstring>
#include <deque>

using namespace lapidary::kernels;
using namespace lapidary::kernels::test;
using cuda::kMostNumberBytes;
using cuda::Staging;

/// Copies to and from the card, of every size that goes another way.
class CudaTransfersTest final : public CardTest {
    Q_OBJECT

private slots:
    void whatGoesUpComesDown_data() {
        QTest::addColumn<int>("bytes");
        for (const std::size_t bytes :
             {std::size_t{4}, std::size_t{6}, std::size_t{8}, std::size_t{64}, kMostNumberBytes - 4,
              kMostNumberBytes - 2, kMostNumberBytes, kMostNumberBytes + 4, Staging::kBytes - 2,
              Staging::kBytes, Staging::kBytes + 2, 3 * Staging::kBytes})
            QTest::addRow("%zu bytes", bytes) << int(bytes);
    }
    void whatGoesUpComesDown() {
        QFETCH(int, bytes);
        const Piece piece(pair_, bytes);
        piece.upload(pair_, 1);
        std::vector<std::byte> back(piece.size);
        pair_.card->download(piece.tensor, back);
        QVERIFY(pair_.card->wait());
        QCOMPARE(back, content(piece.size, 1));
    }

    // The source of an upload is overwritten as soon as the call returns, and much more goes up
    // and down between two waits than is staged.
    void manyCopiesStayApart() {
        std::vector<Piece> pieces;
        for (int i = 0; i < 200; ++i)
            pieces.emplace_back(pair_, 4 << (i % 14));
        for (int round = 0; round < 3; ++round) {
            std::deque<std::vector<std::byte>> back;
            for (std::size_t i = 0; i < pieces.size(); ++i) {
                pieces[i].upload(pair_, int(i) + round);
                pair_.card->download(pieces[i].tensor, back.emplace_back(pieces[i].size));
            }
            QVERIFY(pair_.card->wait());
            for (std::size_t i = 0; i < pieces.size(); ++i)
                QCOMPARE(back[i], content(pieces[i].size, int(i) + round));
        }
    }

    // Uploads and operations happen in the order of the calls.
    void copiesKeepTheirPlace() {
        constexpr int kWidth = 64;
        const Twin x = Twin::unwritten(pair_, {1, kWidth});
        const Twin sum = Twin::unwritten(pair_, {1, kWidth});
        std::vector<std::vector<std::uint16_t>> sums(50, std::vector<std::uint16_t>(kWidth));
        for (std::size_t i = 0; i < sums.size(); ++i) {
            // 2^i and its double in bf16.
            const std::vector<std::uint16_t> power(kWidth, std::uint16_t((127 + i) << 7U));
            pair_.card->upload(std::as_bytes(std::span(power)), x.card);
            pair_.card->scaledSum(x.card, x.card, 1, sum.card);
            pair_.card->download(sum.card, std::as_writable_bytes(std::span(sums[i])));
        }
        QVERIFY(pair_.card->wait());
        for (std::size_t i = 0; i < sums.size(); ++i)
            QCOMPARE(sums[i], std::vector<std::uint16_t>(kWidth, std::uint16_t((128 + i) << 7U)));
    }

private:
    static std::vector<std::byte> content(std::size_t bytes, int seed) {
        std::vector<std::byte> result(bytes);
        for (std::size_t i = 0; i < bytes; ++i)
            result[i] = std::byte(std::uint8_t(i * 31 + i / 256 + std::size_t(seed) * 7));
        return result;
    }

    struct Piece {
        Piece(Pair& pair, int bytes)
            : buffer(std::move(*pair.card->allocate(std::size_t(bytes))))
            , tensor(buffer.memory.get(), DType::BF16, {bytes / 2})
            , size(std::size_t(bytes)) {}

        void upload(Pair& pair, int seed) const {
            std::vector<std::byte> source = content(size, seed);
            pair.card->upload(source, tensor);
            std::ranges::fill(source, std::byte{0xEE});
        }

        Buffer buffer;
        Tensor tensor;
        std::size_t size;
    };
};

static const Registered<CudaTransfersTest> registered;

#include "transfers_test.moc"
