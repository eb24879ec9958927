#include "fixture.h"
#include "image.h"
#include "registry.h"

#include <QDir>
#include <QTest>

using namespace lapidary::engine;
using namespace Qt::StringLiterals;

/// Every kind of file gives the pixels that PIL gives, upright.
class DecodeTest : public QObject {
    Q_OBJECT

private slots:
    void pixelsAreThoseOfPil_data();
    void pixelsAreThoseOfPil();
};

void DecodeTest::pixelsAreThoseOfPil_data() {
    QTest::addColumn<QString>("name");
    const QDir folder(QString::fromUtf8(LAPIDARY_TESTS "/engine/image/pictures"));
    for (const QString& expected : folder.entryList({u"*.ppm"_s})) {
        const QString name = expected.chopped(4);
        QTest::newRow(name.toUtf8().constData()) << name;
    }
}

void DecodeTest::pixelsAreThoseOfPil() {
    QFETCH(const QString, name);
    const auto image = decodeImage(bytesOf(fixture(u"pictures/"_s + name)));
    QVERIFY2(image, image ? "" : image.error().sentence.c_str());
    const QByteArray expected = fixture(u"pictures/"_s + name + u".ppm"_s);
    const QByteArray header = QByteArray("P6\n") + QByteArray::number((*image)->width) + ' '
                              + QByteArray::number((*image)->height) + "\n255\n";
    QCOMPARE(expected.first(header.size()), header);
    const auto& rgb = (*image)->rgb;
    QCOMPARE(expected.size() - header.size(), static_cast<qsizetype>(rgb.size()));
    for (std::size_t i = 0; i < rgb.size(); ++i) {
        const int difference =
            static_cast<std::uint8_t>(expected[header.size() + static_cast<qsizetype>(i)]) - rgb[i];
        // Of a JPEG another release of the library may round a value otherwise.
        const int allowed = name.endsWith(u".jpg") ? 1 : 0;
        if (std::abs(difference) > allowed)
            QFAIL(qPrintable(u"value %1 is off by %2"_s.arg(i).arg(difference)));
    }
}

const Registered<DecodeTest> registered;

#include "decode_test.moc"
