#include "cpu/thread_pool.h"
#include "registry.h"

#include <QTest>

#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>
#include <vector>

namespace lapidary::kernels::test {

/// Every index once, at any number of threads, as often as one likes.
class ThreadPoolTest final : public QObject {
    Q_OBJECT

private slots:
    void everyIndexOnce_data();
    void everyIndexOnce();
    void manyForksInARow();
    void rangesDependOnTheCallAlone();
    void sleepsWhenIdle();
};

void ThreadPoolTest::everyIndexOnce_data() {
    QTest::addColumn<int>("threads");
    QTest::addColumn<qint64>("count");
    QTest::addColumn<qint64>("grain");
    for (const int threads : {1, 2, 3, 8})
        for (const qint64 count : {0, 1, 7, 64, 1000, 200000})
            for (const qint64 grain : {1, 3, 64})
                QTest::addRow("%d threads, %lld by %lld", threads, count, grain)
                    << threads << count << grain;
}

void ThreadPoolTest::everyIndexOnce() {
    QFETCH(const int, threads);
    QFETCH(const qint64, count);
    QFETCH(const qint64, grain);
    ThreadPool pool(threads);
    QCOMPARE(pool.threads(), threads);
    std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
    for (int fork = 0; fork < 3; ++fork)
        pool.forRanges(count, grain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i)
                ++visits[static_cast<std::size_t>(i)];
        });
    for (const std::atomic<int>& visit : visits)
        QCOMPARE(visit.load(), 3);
}

void ThreadPoolTest::manyForksInARow() {
    // What one fork writes the next one reads, without any other synchronisation.
    ThreadPool pool(4);
    std::vector<std::int64_t> numbers(97);
    for (std::int64_t fork = 0; fork < 20000; ++fork) {
        const std::int64_t grain = 1 + fork % 5;
        pool.forRanges(97, grain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i)
                numbers[static_cast<std::size_t>(i)] += i + fork;
        });
    }
    for (std::int64_t i = 0; i < 97; ++i)
        QCOMPARE(numbers[static_cast<std::size_t>(i)], i * 20000 + 19999 * std::int64_t{10000});
}

void ThreadPoolTest::rangesDependOnTheCallAlone() {
    for (const int threads : {2, 5}) {
        ThreadPool pool(threads);
        std::vector<std::int64_t> begins(100, -1);
        pool.forRanges(100, 7, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i)
                begins[static_cast<std::size_t>(i)] = begin;
        });
        for (std::int64_t i = 0; i < 100; ++i)
            QCOMPARE(begins[static_cast<std::size_t>(i)], i / 7 * 7);
    }
}

void ThreadPoolTest::sleepsWhenIdle() {
    ThreadPool pool(4);
    pool.forRanges(100, 1, [](std::int64_t, std::int64_t) {});
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    // Time of this process on all its threads.
    const std::clock_t before = std::clock();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const double used = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
    QVERIFY2(used < 0.02, qPrintable(QString::number(used)));
}

const Registered<ThreadPoolTest> registered;

} // namespace lapidary::kernels::test

#include "thread_pool_test.moc"
