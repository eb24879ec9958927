#include "fixture.h"
#include "image.h"
#include "image/patches.h"
#include "image/resize.h"
#include "registry.h"

#include <QDir>
#include <QTest>

using namespace lapidary::engine;
using namespace Qt::StringLiterals;

/// Resized pixels, and the order of the values in patches, against the models' image processors.
class ResizeTest : public QObject {
    Q_OBJECT

private slots:
    void pixelsAreThoseOfTheProcessor_data();
    void pixelsAreThoseOfTheProcessor();
};

namespace {

/// The same picture as make_pictures.py computes.
Image formula(int width, int height) {
    Image image{.width = width, .height = height, .rgb = {}};
    for (std::int64_t y = 0; y < height; ++y) {
        for (std::int64_t x = 0; x < width; ++x) {
            for (std::int64_t c = 0; c < 3; ++c) {
                const std::int64_t value =
                    x * x * 7 + y * 131 + c * 89 + x * y * 3 + (x / 5) * (y / 3) * 17;
                image.rgb.push_back(static_cast<std::uint8_t>(value % 256));
            }
        }
    }
    return image;
}

} // namespace

void ResizeTest::pixelsAreThoseOfTheProcessor_data() {
    QTest::addColumn<QString>("name");
    const QDir folder(QString::fromUtf8(LAPIDARY_TESTS "/engine/image/fitted"));
    for (const QString& name : folder.entryList({u"*.rgb"_s}))
        QTest::newRow(name.toUtf8().constData()) << name;
}

void ResizeTest::pixelsAreThoseOfTheProcessor() {
    QFETCH(const QString, name); // WIDTHxHEIGHT_BUDGET or WIDTHxHEIGHT_BUDGET_SIDE, .rgb
    const QStringList parts = name.chopped(4).split(u'_');
    const QStringList size = parts[0].split(u'x');
    const int budget = parts[1].toInt();
    const Image image = formula(size[0].toInt(), size[1].toInt());
    const FittedSize fitted = fitToBudget(image.width, image.height, budget);
    std::vector<std::uint8_t> ours;
    if (parts.size() == 3) {
        for (const float value : cutPatches(image, budget, parts[2].toInt()).pixels)
            ours.push_back(static_cast<std::uint8_t>(std::lround(value * 255)));
    } else {
        ours = resize(image, fitted.width, fitted.height).rgb;
    }
    const QByteArray theirs = fixture(u"fitted/"_s + name);
    constexpr std::size_t kSamples = 1500;
    const std::size_t step = std::max<std::size_t>(1, ours.size() / (kSamples * 3)) | 1;
    QCOMPARE(static_cast<std::size_t>(theirs.size()), (ours.size() + step - 1) / step);
    for (qsizetype i = 0; i < theirs.size(); ++i)
        QCOMPARE(ours[static_cast<std::size_t>(i) * step], static_cast<std::uint8_t>(theirs[i]));
}

const Registered<ResizeTest> registered;

#include "resize_test.moc"
