#include "cuda/cublas_lt.h"
#include "registry.h"

#include <QFile>
#include <QTest>

#include <array>
#include <string>

namespace lapidary::kernels::cuda {

/// The library that cards need and the program starts without. No card is needed to find it.
class CublasLtTest final : public QObject {
    Q_OBJECT

private slots:
    // Comes first: nothing has asked for either library yet.
    void theProgramStartsWithoutIt() {
        QFile maps("/proc/self/maps");
        QVERIFY(maps.open(QIODevice::ReadOnly));
        const QByteArray mapped = maps.readAll();
        QVERIFY(mapped.contains("libc.so"));
        QVERIFY(!mapped.contains("libcublasLt"));
        QVERIFY(!mapped.contains("libcuda.so"));
    }

    void itIsFoundWhereTheToolkitIs() {
        const Expected<CublasLt>& library = CublasLt::find();
        QVERIFY2(library, library ? "" : library.error().detail.c_str());
        QVERIFY(library->create != nullptr && library->matmul != nullptr);
    }

    void whereItIsMissingTheRemedyIsNamed() {
        const auto library = CublasLt::load(std::array{std::string("/nowhere/libcublasLt.so.0")});
        QVERIFY(!library);
        QCOMPARE(library.error().kind, ErrorKind::Unsupported);
        QVERIFY(library.error().sentence.contains("libcublasLt.so."));
        QVERIFY(library.error().sentence.contains("Install"));
        QVERIFY(library.error().detail.contains("/nowhere"));
    }

    // Another library of that name, an older one say, is not taken for it.
    void whatLacksACallIsNotTaken() {
        QVERIFY(!CublasLt::load(std::array{std::string("libc.so.6")}));
    }
};

static const Registered<CublasLtTest> registered;

} // namespace lapidary::kernels::cuda

#include "cublas_lt_test.moc"
