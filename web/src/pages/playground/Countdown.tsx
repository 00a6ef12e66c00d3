import { Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

/** Counts the seconds down until another try makes sense; says nothing afterwards. */
export function Countdown({ fromS }: { fromS: number }) {
  const { t } = useTranslation("failures");
  const [leftS, setLeftS] = useState(fromS);
  useEffect(() => {
    const timer = setInterval(() => setLeftS((left) => Math.max(0, left - 1)), 1000);
    return () => clearInterval(timer);
  }, []);
  return leftS > 0 ? (
    <Text size="sm" mt={4}>
      {t("in_seconds", { count: leftS })}
    </Text>
  ) : null;
}
