// The page of somebody who used Segment until now. Bundled by esbuild: what it brings is Segment's own library as npm has it.
import { AnalyticsBrowser } from '@segment/analytics-next';

window.AnalyticsBrowser = AnalyticsBrowser;
