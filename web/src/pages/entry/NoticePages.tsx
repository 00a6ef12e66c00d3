import { Anchor, Button, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Door } from "../../ui/Door";

/** For an address that is no page. */
export function MissingPage() {
  const { t } = useTranslation();
  return (
    <Door>
      <Stack>
        <Title order={1} size="h3">
          {t("missing_title")}
        </Title>
        <Text>{t("missing_text")}</Text>
        <Anchor href="/">{t("to_playground")}</Anchor>
      </Stack>
    </Door>
  );
}

/** For a page whose parts could not be loaded or shown. */
export function BrokenPage() {
  const { t } = useTranslation();
  return (
    <Door>
      <Stack role="alert">
        <Title order={1} size="h3">
          {t("broken_title")}
        </Title>
        <Text>{t("broken_text")}</Text>
        <Button onClick={() => location.reload()}>{t("reload")}</Button>
      </Stack>
    </Door>
  );
}
